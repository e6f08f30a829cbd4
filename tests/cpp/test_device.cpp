// Tables whose kernels run in a memory of their own, with a device that keeps its memory on the host and
// notes what is asked of it.
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "core/ring.h"
#include "core/staging.h"
#include "harness.h"
#include "plan/plan.h"

namespace brasa::test {
namespace {

struct Asked {
  std::map<char*, int64_t> blocks;
  int64_t in = 0, out = 0, finished = 0;
  int64_t captured = 0, replayed = 0, graphs = 0;
  bool capturing = false;
  std::vector<void*> graph;  // the results of the activations that it has
  bool full = false;
  const char* failure = nullptr;
  const char* fault = nullptr;  // of a kernel

  bool holds(const void* at) const {
    for (const auto& [block, bytes] : blocks) {
      const char* place = static_cast<const char*>(at);
      if (place >= block && place < block + bytes) return true;
    }
    return false;
  }
} asked;

void* allocate(int64_t bytes) {
  if (asked.full) return nullptr;
  char* block = static_cast<char*>(std::malloc(static_cast<size_t>(bytes)));
  std::memset(block, 0xFF, static_cast<size_t>(bytes));  // NaN
  asked.blocks[block] = bytes;
  return block;
}

void release(void* memory) {
  CHECK_EQ(asked.blocks.erase(static_cast<char*>(memory)), size_t{1});
  std::free(memory);
}

const char* copy_in(void* device, const void* host, int64_t bytes) {
  CHECK(asked.holds(device) && !asked.holds(host));
  std::memcpy(device, host, static_cast<size_t>(bytes));
  asked.in += bytes;
  return nullptr;
}

const char* copy_out(void* host, const void* device, int64_t bytes) {
  CHECK(asked.holds(device) && !asked.holds(host));
  std::memcpy(host, device, static_cast<size_t>(bytes));
  asked.out += bytes;
  return nullptr;
}

const char* finish() {
  ++asked.finished;
  return asked.failure;
}

// The reference, but only for operands in the device's memory.
void matmul_there(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                  const float* bias, float* c) {
  CHECK(asked.holds(a) && asked.holds(b) && asked.holds(c) && exec.threads == 1);
  CHECK(exec.stream == &asked);
  ref::table.matmul(exec, s, a, b, bias, c);
}

const char* begin_capture() {
  CHECK(!asked.capturing);
  asked.capturing = true;
  asked.graph.clear();
  return nullptr;
}

const char* end_capture(void** graph) {
  CHECK(asked.capturing);
  asked.capturing = false;
  if (asked.failure != nullptr) return asked.failure;
  ++asked.captured, ++asked.graphs;
  *graph = &asked.graph;
  return nullptr;
}

const char* replay(void* graph, const Exec& exec) {
  CHECK(graph == &asked.graph && exec.stream == &asked);
  ++asked.replayed;
  for (void* y : asked.graph) static_cast<float*>(y)[0] = static_cast<float>(asked.replayed);
  return asked.failure;
}

void release_graph(void*) { --asked.graphs; }

void activation_there(const Exec& exec, int64_t count, Activation activation, const float* x,
                      float* y) {
  CHECK(asked.holds(x) && asked.holds(y) && asked.holds(exec.scratch));
  if (asked.fault != nullptr) return brasa_team_fault(exec.team, asked.fault);
  if (asked.capturing) return asked.graph.push_back(y);
  ref::table.activation_forward(exec, count, activation, x, y);
}

const OpTable& table_there() {
  static const Device device = {&asked, allocate, release, copy_in, copy_out, finish};
  static const OpTable table = [] {
    OpTable t = ref::table;
    t.name = "there";
    t.device = &device;
    t.runs = [](const char* op) { return std::strcmp(op, "softmax") != 0; };
    t.matmul = matmul_there;
    t.matmul_workspace = [](const MatmulShape&, int) -> int64_t { return 4; };
    t.activation_forward = activation_there;
    return t;
  }();
  return table;
}

TensorSpec floats(int64_t rows, int64_t columns) { return {DType::kFloat32, {rows, columns}}; }

// y = relu(a @ b), the product in the arena.
std::vector<StepSpec> steps() {
  Attributes relu;
  relu.set("activation", std::string("relu"));
  const BufferRef product{kArenaSegment, 0, floats(2, 2)};
  return {
      {"matmul",
       "product",
       {},
       {{1, 0, floats(2, 3)}, {2, 0, floats(3, 2)}, {kNoSegment, 0, {DType::kFloat32, {}, false}}},
       {product}},
      {"activation", "relu", relu, {product}, {{3, 0, floats(2, 2)}}}};
}

BRASA_TEST(device_runs_a_plan_in_its_own_memory) {
  asked = {};
  Values a = {1, 2, 3, -4, -5, -6}, b = {1, 0, 0, 1, 1, 1}, y(4, 7.f);
  {
    Plan plan(steps(), 64, {24, 24, 16}, table_there(), 3);
    CHECK_EQ(plan.arena_bytes(), 128);
    CHECK_EQ(asked.blocks.size(), size_t{1});
    for (int run = 0; run < 2; ++run) {
      plan.run({a.data(), b.data(), y.data()});
      CHECK((y == Values{4, 5, 0, 0}));
      CHECK_EQ(asked.blocks.size(), size_t{4});  // the arena and a place for each segment stay
    }
    CHECK_EQ(asked.in, 2 * (24 + 24));  // what the first step to touch it overwrites stays away
    CHECK_EQ(asked.out, 2 * 16);        // only what a step writes
    plan.profile({a.data(), b.data(), y.data()});
    CHECK_EQ(asked.finished, 2 + 2 + 1);
    CHECK_EQ(plan.staged_bytes(), 24 + 24 + 16);
    asked.failure = "the device failed";
    CHECK_THROWS(ErrorKind::kRuntime, "the device failed",
                 plan.run({a.data(), b.data(), y.data()}));
  }
  CHECK(asked.blocks.empty());
}

// A device that captures, and what a plan binds there.
struct Capturing {
  Device device = *table_there().device;
  OpTable table = table_there();
  DeviceBlock a, b, y;

  Capturing() : a(device, 24), b(device, 24), y(device, 16) {
    device.begin_capture = begin_capture;
    device.end_capture = end_capture;
    device.replay = replay;
    device.release_graph = release_graph;
    table.device = &device;
    const Values ones(6, 1.f);
    copy_in(a.data(), ones.data(), 24), copy_in(b.data(), ones.data(), 24);
  }
  std::vector<Binding> bound() const {
    return {{a.data(), true}, {b.data(), true}, {y.data(), true}};
  }
  void clear() const { std::memset(y.data(), 0, 16); }
  float result() const { return reinterpret_cast<const float*>(y.data())[0]; }
};

BRASA_TEST(device_segments_are_used_as_they_are) {
  asked = {};
  Capturing c;
  asked.in = 0;
  Plan plan(steps(), 64, {24, 24, 16}, table_there(), 1);
  for (int run = 0; run < 3; ++run) plan.run(c.bound());
  CHECK_EQ(c.result(), 3.f);
  CHECK_EQ(asked.in + asked.out + asked.finished, 0);
  CHECK_EQ(plan.captures() + plan.replays() + plan.staged_bytes(), 0);  // this one has no graphs
}

BRASA_TEST(device_replays_a_graph_while_nothing_is_bound_anew) {
  asked = {};
  {
    Capturing c;
    Plan plan(steps(), 64, {24, 24, 16}, c.table, 1);
    plan.run(c.bound());
    CHECK_EQ(c.result(), 3.f);
    CHECK_EQ(asked.captured, 0);
    for (int run = 1; run < 4; ++run) {
      plan.run(c.bound());
      CHECK_EQ(c.result(), static_cast<float>(run));
    }
    CHECK_EQ(asked.captured, 1);
    const DeviceBlock other(c.device, 24);
    copy_in(other.data(), Values(6, 2.f).data(), 24);
    std::vector<Binding> rebound = c.bound();
    rebound[0] = {other.data(), true};
    plan.run(rebound);  // an ordinary run
    CHECK_EQ(c.result(), 6.f);
    CHECK_EQ(asked.graphs, 0);
    plan.run(rebound);
    CHECK_EQ(c.result(), 4.f);
    CHECK_EQ(plan.captures(), 2);
    CHECK_EQ(plan.replays(), 4);
    plan.profile(rebound);  // times the steps themselves
    CHECK_EQ(c.result(), 6.f);
    asked.failure = "a graph failed";
    CHECK_THROWS(ErrorKind::kRuntime, "a graph failed", plan.run(rebound));
    asked.failure = nullptr;
    Plan failing(steps(), 64, {24, 24, 16}, c.table, 1);
    failing.run(c.bound());
    asked.failure = "no graph today";
    for (int run = 0; run < 2; ++run) {
      c.clear();
      failing.run(c.bound());  // as without graphs
      CHECK_EQ(c.result(), 3.f);
      CHECK(failing.capture_failure() == "no graph today");
      CHECK_EQ(failing.captures() + failing.replays(), 0);
      asked.failure = nullptr;
    }
    c.device.captures = [](const char* op) { return std::strcmp(op, "matmul") != 0; };
    Plan uncaptured(steps(), 64, {24, 24, 16}, c.table, 1);
    for (int run = 0; run < 3; ++run) uncaptured.run(c.bound());
    CHECK_EQ(uncaptured.captures(), 0);
  }
  CHECK_EQ(asked.graphs, 0);
}

// A device with two queues, which notes in which order it is asked for what.
std::string order;

struct TwoQueues : Capturing {
  TwoQueues() {
    device.send = [](void* to, const void* from, int64_t bytes) {
      order += "send ";
      return copy_in(to, from, bytes);
    };
    device.mark = [](Queue queue, void** event) -> const char* {
      static int events[8], made = 0;
      if (*event == nullptr) *event = &events[made++];
      order += queue == Queue::kCopies ? "sent" : "ran";
      order += std::to_string(static_cast<int*>(*event) - events) + " ";
      return nullptr;
    };
    device.wait = [](Queue queue, void* event) -> const char* {
      CHECK(event != nullptr);
      order += queue == Queue::kCopies ? "copies-wait " : "kernels-wait ";
      return nullptr;
    };
    device.release_event = [](void*) {};
  }
};

BRASA_TEST(device_copies_for_the_next_run_beside_this_one) {
  asked = {};
  TwoQueues c;
  Values a(6, 1.f), y(4);
  Plan plan(steps(), 64, {24, 24, 16}, c.table, 1);
  const std::vector<Binding> bound = {{a.data()}, {c.b.data(), true}, {c.y.data(), true}};
  plan.reserve({true, false, false});
  CHECK_EQ(plan.staged_bytes(), 2 * 24);
  order.clear();
  plan.run(bound);
  plan.run(bound);
  CHECK(order == "send sent0 kernels-wait ran1 send sent2 kernels-wait ran3 ");
  order.clear();
  plan.run(bound);  // the first place again: not before its reader is done
  CHECK(order == "copies-wait send sent0 kernels-wait ran1 ");
  CHECK_EQ(asked.finished, 0);
  CHECK_EQ(plan.captures(), 2);
  CHECK_EQ(plan.replays(), 2);
  order.clear();
  plan.run({{a.data()}, {c.b.data(), true}, {y.data()}});  // comes back: one place, one queue
  CHECK(order.empty());
  CHECK_EQ(asked.finished, 1);
  plan.run(c.bound());  // nothing to copy
  CHECK(order.empty());
}

// ---- the ring ------------------------------------------------------------------------------

// Copies are done when somebody waits for them.
struct LazySlot {
  char* memory = nullptr;
  char own[4] = {};
  char* to = nullptr;
  int64_t bytes = 0;
  static inline int waits = 0;

  const char* make() {
    memory = own;
    return nullptr;
  }
  const char* wait() {
    ++waits;
    std::memcpy(to, memory, static_cast<size_t>(bytes));
    return nullptr;
  }
  const char* copy(Queue, char* device, int64_t count) {
    to = device, bytes = count;
    return count == 3 ? "no more than two bytes" : nullptr;
  }
};

BRASA_TEST(device_ring_waits_before_it_fills_a_slot_again) {
  LazySlot::waits = 0;
  Ring<LazySlot, 3, 4> ring;
  const char from[] = "abcdefghijklmnopqrstuvwx";
  char to[24] = {};
  CHECK(ring.send(Queue::kCopies, to, from, 12) == nullptr);
  CHECK_EQ(LazySlot::waits, 0);
  CHECK(ring.send(Queue::kKernels, to + 12, from + 12, 10) == nullptr);
  CHECK_EQ(LazySlot::waits, 3);
  CHECK(std::memcmp(to, from, 12) == 0);
  CHECK(std::strcmp(ring.send(Queue::kCopies, to, from, 3), "no more than two bytes") == 0);
}

BRASA_TEST(device_without_room_is_a_memory_error) {
  asked = {};
  asked.full = true;
  CHECK_THROWS(ErrorKind::kMemory, "the device 'device' has no room for 128 bytes",
               Plan(steps(), 64, {24, 24, 16}, table_there(), 1));
  asked.full = false;
}

BRASA_TEST(device_stages_an_operand_named_twice_once) {
  asked = {};
  Values x = {1, 2, 3, 4};
  {
    Staging staging(*table_there().device);
    void* first = staging.stage(x.data(), 16, false);
    CHECK(first == staging.stage(x.data(), 16, true));
    CHECK(staging.stage(nullptr, 16, true) == nullptr);
    static_cast<float*>(first)[2] = 9.f;
    staging.finish();
  }
  CHECK((x == Values{1, 2, 9, 4}));
  CHECK_EQ(asked.in, 16);
  CHECK(asked.blocks.empty());
}

BRASA_TEST(device_names_the_step_whose_kernel_failed) {
  asked = {};
  Capturing c;
  Plan plan(steps(), 64, {24, 24, 16}, c.table, 1);
  asked.fault = "an illegal address";
  CHECK_THROWS(ErrorKind::kRuntime, "relu: an illegal address", plan.run(c.bound()));
}

BRASA_TEST(device_says_which_op_it_lacks) {
  CHECK_THROWS(ErrorKind::kRuntime, "softmax: there are no kernels for it in the table 'there'",
               prepare(find_op("softmax"), {}, {floats(2, 3)}, table_there(), 1));
}

}  // namespace
}  // namespace brasa::test
