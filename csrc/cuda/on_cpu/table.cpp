#include "cuda/table.h"

#include "cuda/on_cpu/own_memory.h"

namespace brasa::cuda {

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
    t.conv2d_pack = nullptr;
    t.conv2d_packed_floats = nullptr;
    return t;
  }();
  return &table;
}

}  // namespace brasa::cuda
