// A compiled model: a flat list of op calls over buffers whose places were decided before anything ran.
// run() is one call: no allocation, no Python, one thread team for all steps.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "core/arena.h"
#include "core/staging.h"
#include "core/team_choice.h"
#include "ops/registry.h"

namespace brasa {

// Segment 0 is the plan's own arena; the others are bound by the caller at each run.
constexpr int kArenaSegment = 0;
constexpr int kNoSegment = -1;

// The memory bound to a segment: the host's, or that of the table's device.
struct Binding {
  void* memory;
  bool on_device = false;
  Binding(void* address, bool there = false) : memory(address), on_device(there) {}
};

// Where an operand lies: `offset` bytes into a segment. kNoSegment: left out, a null pointer.
struct BufferRef {
  int segment = kNoSegment;
  int64_t offset = 0;
  TensorSpec spec;
};

struct StepSpec {
  std::string op;
  std::string name;  // for describe() and profile(): "conv2d_1", "conv2d_1/backward_weight"
  Attributes attributes;
  std::vector<BufferRef> inputs;
  std::vector<BufferRef> outputs;
};

class Plan {
 public:
  // Prepares every step for a team of at most `threads`, checks that every operand lies inside its
  // segment and that the outputs have the inferred shapes, and allocates the arena: `arena_bytes` of
  // buffers followed by the scratch memory that the greediest step needs. The first `constant_steps`
  // are run by prepare() alone, all others by run().
  Plan(const std::vector<StepSpec>& steps, int64_t arena_bytes, std::vector<int64_t> segment_bytes,
       const OpTable& table, int threads, int constant_steps = 0);

  // `segments[i]` is the base address of segment i + 1. Two runs of one plan take turns. Where the table
  // has a device, segments of the host are copied to a place there, and back if written; where none is,
  // run() returns before the device is done, and what the next one copies is copied meanwhile. From the second
  // run with one set of addresses on, the steps are captured as a graph and replayed.
  void run(const std::vector<Binding>& segments);
  // What run() needs before it is called first, and whenever an input of these steps has changed.
  void prepare(const std::vector<Binding>& segments);

  struct StepInfo {
    std::string name, op;
    double flops;
    int64_t bytes;   // of all operands
    int threads;     // at most: a small plan may do without its team
    double seconds;  // of the last profile()
  };
  std::vector<StepInfo> steps() const;
  // run() with a clock read after each of its steps.
  void profile(const std::vector<Binding>& segments);

  // Allocates the places of the segments that will be the host's: a MemoryError comes now, not in a run.
  void reserve(const std::vector<bool>& of_host);

  const OpTable& table() const { return table_; }
  // Bytes of the device's memory in which segments of the host get their places.
  int64_t staged_bytes() const;
  // Why the steps could not be captured as a graph, and run one by one; empty if nothing failed.
  const std::string& capture_failure() const { return capture_failure_; }
  int64_t captures() const { return captures_; }
  int64_t replays() const { return replays_; }

  const std::vector<int64_t>& segment_bytes() const { return segment_bytes_; }
  // Whether any step writes into `segments[i]`.
  const std::vector<bool>& segment_written() const { return segment_written_; }
  int64_t arena_bytes() const { return scratch_offset_ + scratch_bytes_; }
  int64_t scratch_bytes() const { return scratch_bytes_; }
  int constant_steps() const { return static_cast<int>(constant_steps_); }

 private:
  struct Step {
    const Op* op;
    std::string name;
    Call call;
    double nanoseconds;  // of one thread, about
    int threads = 1;
    int64_t bytes;
    double seconds = 0;
    std::vector<BufferRef> refs;  // inputs, then outputs
    size_t inputs;
    std::vector<void*> pointers;  // refs with the segments bound
  };

  char* base_of_arena() const {
    return table_.device != nullptr ? device_arena_.data() : arena_.data();
  }
  void add_step(const StepSpec& spec, int64_t buffer_bytes, int threads);
  void bind(const std::vector<void*>& segments);
  void note_use(const BufferRef& ref, bool is_input, bool in_place);
  void run_steps(const std::vector<Binding>& segments, size_t begin, size_t end, bool timed);
  // Where segments of the host lie on the device, and the steps as a graph that finds them there.
  struct Bank {
    std::vector<DeviceBlock> places;
    DeviceGraph graph;
    DeviceEvent filled, read;
  };

  void run_on_device(const std::vector<Binding>& segments);
  bool runs_beside(const std::vector<Binding>& segments) const;
  void* place_of(Bank& bank, size_t segment);
  std::vector<void*> fill(Bank& bank, const std::vector<Binding>& segments, bool beside);
  void copy_back(const std::vector<Binding>& segments, const std::vector<void*>& there);
  void note_addresses(const std::vector<Binding>& segments);
  void capture(Bank& bank);
  void end_capture(Bank& bank);
  void run_there(Bank& bank, const std::vector<void*>& segments);
  void choose_threads(int threads);
  void run_as_team(int threads);
  void execute(int thread, int threads, Team* team);

  const OpTable& table_;
  std::vector<int64_t> segment_bytes_;
  std::vector<bool> segment_written_;
  std::vector<bool> segment_needed_;  // whether what it held before a run matters
  std::vector<bool> segment_used_;    // by the steps added until now
  std::vector<Step> steps_;
  size_t constant_steps_;
  bool prepared_;
  size_t begin_ = 0, end_ = 0;  // the steps of the run in progress
  bool timed_ = false;
  int threads_ = 1;  // of the team, where a run takes one
  TeamChoice choice_;
  int64_t scratch_offset_ = 0, scratch_bytes_ = 0;
  Arena arena_;
  // Where the table has a device: the arena there; two banks, of which one is filled while the steps read the
  // other; and the addresses on the device that the last run was given, null for the host's.
  DeviceBlock device_arena_;
  std::array<Bank, 2> banks_;
  size_t next_bank_ = 0;
  std::vector<void*> given_;
  bool ran_ = false;  // all steps, with these addresses
  bool can_capture_ = false;
  std::string capture_failure_;
  void* replaying_ = nullptr;  // the graph
  int64_t captures_ = 0, replays_ = 0;
  std::mutex running_;
};

}  // namespace brasa
