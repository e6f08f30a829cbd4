#include "cuda/on_cpu/own_memory.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "cuda/on_cpu/capture.h"
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

void release(void* memory) {
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

const char* copy_in(void* there, const void* host, int64_t bytes) {
  const char* const failed = refusal(there, host, bytes);
  if (failed == nullptr) std::memcpy(there, host, static_cast<size_t>(bytes));
  return failed;
}

const char* copy_out(void* host, const void* there, int64_t bytes) {
  const char* const failed = refusal(there, host, bytes);
  if (failed == nullptr) std::memcpy(host, there, static_cast<size_t>(bytes));
  return failed;
}

const char* finish() {
  return capturing() ? "cuda_on_cpu: waits while a graph is captured" : nullptr;
}

thread_local std::unique_ptr<Graph> captured;

const char* begin_capture() {
  if (capturing()) return "cuda_on_cpu: captures a graph within another";
  captured = std::make_unique<Graph>();
  return nullptr;
}

const char* end_capture(void** graph) {
  *graph = captured.release();
  return *graph == nullptr ? "cuda_on_cpu: no graph was begun" : nullptr;
}

const char* replay(void* graph, const Exec& exec) {
  for (const auto& launch : *static_cast<const Graph*>(graph)) launch(exec);
  return nullptr;
}

void release_graph(void* graph) { delete static_cast<Graph*>(graph); }

}  // namespace

bool capturing() { return captured != nullptr; }

void capture(std::function<void(const Exec&)> launch) { captured->push_back(std::move(launch)); }

const Device& own_memory() {
  static const Device device = [] {
    static char stream;
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
    return d;
  }();
  return device;
}

}  // namespace brasa::cuda::on_cpu
