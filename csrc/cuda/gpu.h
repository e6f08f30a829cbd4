// The GPU as core/device.h describes one, and what its failures are called. For the module `_cuda.so` alone.
#pragma once

#include <cuda_runtime.h>

#include "core/device.h"

namespace brasa::cuda {

// BRASA_SYNC=1: every kernel is waited for.
bool synchronous();

// One sentence for the failure, good until the next one.
const char* say(const char* what, cudaError_t status);

Device gpu_device();

}  // namespace brasa::cuda
