#include "cuda/table.h"

#include <cstdlib>
#include <cstring>

#include "cuda/on_cpu/own_memory.h"

namespace brasa::cuda {

namespace {

// All but the one that BRASA_CUDA_ON_CPU_LACKS names: tests leave one out.
bool runs(const char* op) {
  const char* const lacked = std::getenv("BRASA_CUDA_ON_CPU_LACKS");
  return lacked == nullptr || std::strcmp(lacked, op) != 0;
}

}  // namespace

const OpTable* on_cpu_table(const OpTable& fallback) {
  static const OpTable table = table_named("cuda_on_cpu", fallback);
  return &table;
}

const OpTable* emulated_device_table(const OpTable& fallback) {
  static const OpTable table = [&fallback] {
    OpTable t = table_named("cuda_on_cpu.device", fallback);
    t.device = &on_cpu::own_memory();
    // As on a GPU: no layout of the CPU's, filters as they lie.
    t.lanes = 0;
    t.runs = runs;
    t.conv2d_pack = nullptr;
    t.conv2d_packed_floats = nullptr;
    return t;
  }();
  return &table;
}

}  // namespace brasa::cuda
