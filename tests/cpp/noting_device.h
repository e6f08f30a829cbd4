// A table whose kernels run in a memory of their own, and its device, which keeps that memory on the host and
// notes what is asked of it.
#pragma once

#include <cstring>
#include <map>
#include <vector>

#include "core/staging.h"
#include "harness.h"
#include "plan/plan.h"

namespace brasa::test {

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
};
extern Asked asked;

const OpTable& table_there();

const char* copy_in(void* device, const void* host, int64_t bytes);

inline TensorSpec floats(int64_t rows, int64_t columns) {
  return {DType::kFloat32, {rows, columns}};
}

// y = relu(a @ b), the product in the arena.
std::vector<StepSpec> steps();

// A device that captures, and what a plan binds there.
struct Capturing {
  Device device = *table_there().device;
  OpTable table = table_there();
  DeviceBlock a, b, y;

  Capturing();
  std::vector<Binding> bound() const {
    return {{a.data(), true}, {b.data(), true}, {y.data(), true}};
  }
  void clear() const { std::memset(y.data(), 0, 16); }
  float result() const { return reinterpret_cast<const float*>(y.data())[0]; }
};

}  // namespace brasa::test
