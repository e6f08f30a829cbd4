// Where the threads of a block, warp or grid meet. Each names its place in the source: threads that meet
// from different places have diverged.
#pragma once

#include "cuda/on_cpu/block.h"

namespace brasa::cuda::on_cpu {

void block_barrier(Site site);
void grid_barrier(Site site);

// All lanes of `mask` call it with the same operation, mask and width; each gets its own result.
uint64_t warp_collective(WarpOp op, unsigned mask, uint64_t value, int argument, int width,
                         Site site);

}  // namespace brasa::cuda::on_cpu
