#include "cuda/on_cpu/own_memory.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "core/ring.h"
#include "cuda/on_cpu/capture.h"
#include "cuda/on_cpu/queues.h"
#include "cuda/table.h"

namespace brasa::cuda::on_cpu {
namespace {

constexpr size_t kBlockAlignment = 256;  // cudaMalloc's

std::mutex lock;

std::map<char*, int64_t>& blocks() {
  static std::map<char*, int64_t> all;
  return all;
}

// Read at each call: tests change it.
int64_t limit() {
  const char* text = std::getenv("BRASA_CUDA_ON_CPU_BYTES");
  return text == nullptr || *text == '\0' ? int64_t{1} << 30 : std::strtoll(text, nullptr, 10);
}

int64_t room_left() {
  int64_t used = 0;
  for (const auto& block : blocks()) used += block.second;
  return limit() - used;
}

int64_t room() {
  const std::lock_guard<std::mutex> hold(lock);
  return room_left();
}

void* allocate(int64_t bytes) {
  const std::lock_guard<std::mutex> hold(lock);
  if (bytes > room_left()) return nullptr;
  const size_t size = (static_cast<size_t>(bytes) + kBlockAlignment - 1) & ~(kBlockAlignment - 1);
  char* const block = static_cast<char*>(std::aligned_alloc(kBlockAlignment, size));
  if (block == nullptr) return nullptr;
  std::memset(block, 0xFF, size);  // NaN
  blocks()[block] = bytes;
  return block;
}

// As cudaFree does, it waits for all work. What fails meanwhile is lost with it.
void release(void* memory) {
  (void)drain_all();
  const std::lock_guard<std::mutex> hold(lock);
  blocks().erase(static_cast<char*>(memory));
  std::free(memory);
}

bool inside(const void* memory, int64_t bytes) {
  const std::lock_guard<std::mutex> hold(lock);
  char* const at = const_cast<char*>(static_cast<const char*>(memory));
  auto block = blocks().upper_bound(at);
  if (block == blocks().begin()) return false;
  --block;
  return at + bytes <= block->first + block->second;
}

bool holds(const void* memory) { return inside(memory, 1); }

const char* refusal(const void* there, const void* host, int64_t bytes) {
  if (capturing()) return "cuda_on_cpu: a copy while a graph is captured";
  if (!inside(there, bytes)) return "cuda_on_cpu: a copy outside the memory of the device";
  return holds(host) ? "cuda_on_cpu: a copy whose host's side is the device's" : nullptr;
}

// "Pinned" memory: few and small slots, so that tests take several turns of the ring.
constexpr int kSlots = 8;
constexpr int64_t kSlotBytes = 1 << 12;

struct Slot {
  char* memory = nullptr;
  std::shared_ptr<Event> copied;

  const char* make() {
    static char all[kSlots][kSlotBytes];
    static int made = 0;
    memory = all[made++];
    copied = std::make_shared<Event>();
    return nullptr;
  }

  const char* wait() { return drain_until(*copied); }

  const char* copy(Queue queue, char* to, int64_t bytes) {
    ask(queue, [to, from = memory, bytes]() -> const char* {
      std::memcpy(to, from, static_cast<size_t>(bytes));
      return nullptr;
    });
    mark(queue, copied);
    return nullptr;
  }
};

const char* send_in(Queue queue, void* there, const void* host, int64_t bytes) {
  static Ring<Slot, kSlots, kSlotBytes> ring;
  if (const char* failed = refusal(there, host, bytes)) return failed;
  return ring.send(queue, static_cast<char*>(there), static_cast<const char*>(host), bytes);
}

const char* copy_in(void* there, const void* host, int64_t bytes) {
  return send_in(Queue::kKernels, there, host, bytes);
}

const char* send(void* there, const void* host, int64_t bytes) {
  return send_in(Queue::kCopies, there, host, bytes);
}

const char* finish() {
  if (capturing()) return "cuda_on_cpu: waits while a graph is captured";
  return drain(Queue::kKernels);
}

const char* copy_out(void* host, const void* there, int64_t bytes) {
  const char* failed = refusal(there, host, bytes);
  if (failed == nullptr) failed = finish();
  if (failed == nullptr) std::memcpy(host, there, static_cast<size_t>(bytes));
  return failed;
}

using Held = std::shared_ptr<Event>;

const char* mark_event(Queue queue, void** event) {
  if (*event == nullptr) *event = new Held(std::make_shared<Event>());
  mark(queue, *static_cast<Held*>(*event));
  return nullptr;
}

const char* wait_for_event(Queue queue, void* event) {
  wait(queue, *static_cast<Held*>(event));
  return nullptr;
}

void release_event(void* event) { delete static_cast<Held*>(event); }

using HeldGraph = std::shared_ptr<const Graph>;  // by the plan, and by replays to come

thread_local std::unique_ptr<Graph> captured;

const char* begin_capture() {
  if (capturing()) return "cuda_on_cpu: captures a graph within another";
  captured = std::make_unique<Graph>();
  return nullptr;
}

const char* end_capture(void** graph) {
  if (!capturing()) return "cuda_on_cpu: no graph was begun";
  *graph = new HeldGraph(std::move(captured));
  return nullptr;
}

// What stands for a stream.
char stream;

// What a kernel finds out is told by who waits next.
const char* run_all(const Graph& graph) {
  static std::string failed;
  const auto body = [](void* launches, int thread, int threads, Team* team) {
    const Exec exec{nullptr, thread, threads, team, nullptr, &stream};
    for (const auto& launch : *static_cast<const Graph*>(launches)) launch(exec);
  };
  try {
    run_team(1, body, const_cast<Graph*>(&graph));
    return nullptr;
  } catch (const Error& error) {
    failed = error.what();
    return failed.c_str();
  }
}

const char* replay(void* graph, const Exec&) {
  ask(Queue::kKernels, [held = *static_cast<HeldGraph*>(graph)] { return run_all(*held); });
  return nullptr;
}

void release_graph(void* graph) { delete static_cast<HeldGraph*>(graph); }

}  // namespace

bool capturing() { return captured != nullptr; }

void capture(std::function<void(const Exec&)> launch) { captured->push_back(std::move(launch)); }

const Device& own_memory() {
  static const Device device = [] {
    Device d{&stream, allocate, release, copy_in, copy_out, finish};
    d.name = "cuda_on_cpu";
    d.room = room;
    d.holds = holds;
    d.begin_capture = begin_capture;
    d.end_capture = end_capture;
    d.replay = replay;
    d.release_graph = release_graph;
    d.captures = has_kernels_of;  // the fallback's kernels run at once
    d.dlpack_type = 1;            // the host can read it
    d.send = send;
    d.mark = mark_event;
    d.wait = wait_for_event;
    d.release_event = release_event;
    d.catch_up = finish;
    d.let_wait = [](void*) { return finish(); };  // who borrows may be NumPy, which cannot wait
    return d;
  }();
  return device;
}

}  // namespace brasa::cuda::on_cpu
