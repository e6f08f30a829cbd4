// The border between the library and its CUDA module `_cuda.so`, which is loaded on demand so that the
// library itself never links CUDA. Both sides are compiled from this header; `abi` and the size of
// the table tell when they were not.
#pragma once

#include "ops/op_table.h"

namespace brasa::cuda {

constexpr int kPluginAbi = 3;
constexpr const char* kPluginEntry = "brasa_cuda_plugin";

// What the module calls back.
struct PluginHost {
  void (*fault)(Team*, const char* message);
};

struct Plugin {
  int abi;
  int64_t table_bytes;  // sizeof(OpTable)

  // Null when a device can run the kernels, else one sentence that says why not.
  const char* (*reason)();

  // Kernels that run on the device, and its memory; asked for only when there is no such reason.
  // OpTable::runs says which ops it has; entries of the others are null.
  const OpTable* (*table)();
};

using PluginEntry = const Plugin* (*)(const PluginHost*);

}  // namespace brasa::cuda
