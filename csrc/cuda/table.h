// What the rest of the library may know of CUDA. absent.cpp and on_cpu/absent.cpp answer in builds
// without it.
#pragma once

#include "ops/op_table.h"

namespace brasa::cuda {

// One sentence that says why CUDA cannot be used.
const char* absence_reason();

// The kernels of this folder on the emulated device (on_cpu/README.md), to test them without a GPU; null
// in builds without it. Where an op has no CUDA kernel the entry is that of `fallback`.
const OpTable* on_cpu_table(const OpTable& fallback);

// `fallback` with another name and every kernel of this folder in its place.
OpTable table_named(const char* name, const OpTable& fallback);

}  // namespace brasa::cuda
