// What the rest of the library may know of CUDA. absent.cpp and on_cpu/absent.cpp answer in builds
// without it.
#pragma once

#include "ops/op_table.h"

namespace brasa::cuda {

// One sentence that says why CUDA cannot be used, or that it can.
const char* absence_reason();

// The kernels of this folder on the emulated device (on_cpu/README.md), to test them without a GPU; null
// in builds without it. Where an op has no CUDA kernel the entry is that of `fallback`.
const OpTable* on_cpu_table(const OpTable& fallback);

// The same with a memory of its own: the device "cuda_on_cpu", for models that live on a device.
const OpTable* emulated_device_table(const OpTable& fallback);

// The kernels on a GPU; null where that cannot be, for the reason above.
const OpTable* device_table();

// Whether the kernels of this folder are all that an op needs.
bool has_kernels_of(const char* op);

// `fallback` with another name and every kernel of this folder in its place.
OpTable table_named(const char* name, const OpTable& fallback);

}  // namespace brasa::cuda
