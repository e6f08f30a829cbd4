#include "noting_device.h"

#include <cstdlib>

namespace brasa::test {

Asked asked;

const char* copy_in(void* device, const void* host, int64_t bytes) {
  CHECK(asked.holds(device) && !asked.holds(host));
  std::memcpy(device, host, static_cast<size_t>(bytes));
  asked.in += bytes;
  return nullptr;
}

namespace {

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

}  // namespace

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

Capturing::Capturing() : a(device, 24), b(device, 24), y(device, 16) {
  device.begin_capture = begin_capture;
  device.end_capture = end_capture;
  device.replay = replay;
  device.release_graph = release_graph;
  table.device = &device;
  const Values ones(6, 1.f);
  copy_in(a.data(), ones.data(), 24), copy_in(b.data(), ones.data(), 24);
}

}  // namespace brasa::test
