// The slope of l1 * |p| + l2 * p^2, and a sum over a block.
#pragma once

#include "cuda/flat.cuh"

namespace brasa::cuda {

struct Slope {
  float l1, twice;
  Slope(double l1_, double l2) : l1(static_cast<float>(l1_)), twice(static_cast<float>(2 * l2)) {}

  // g plus the slope at p.
  __device__ float added(float g, float p) const {
    return fmaf(twice, p, g + (p > 0.f ? l1 : p < 0.f ? -l1 : 0.f));
  }
};

// The sum over the block of what each thread brings, halves onto halves: in all threads.
__device__ inline double block_sum(double own) {
  BRASA_SHARED(double, parts, kFlatThreads);
  const int t = static_cast<int>(threadIdx.x);
  parts[t] = own;
  __syncthreads();
  for (int half = kFlatThreads / 2; half > 0; half /= 2) {
    if (t < half) parts[t] += static_cast<double>(parts[t + half]);
    __syncthreads();
  }
  return parts[0];
}

}  // namespace brasa::cuda
