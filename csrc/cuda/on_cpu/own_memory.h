// A device with a memory of its own, for models that live on it: blocks that start as NaN, copies that
// check their ends, graphs that keep launches. BRASA_CUDA_ON_CPU_BYTES limits it, 1 GiB if not set.
#pragma once

#include "core/device.h"

namespace brasa::cuda::on_cpu {

const Device& own_memory();

}  // namespace brasa::cuda::on_cpu
