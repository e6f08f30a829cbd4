// The slope of l1 * |p| + l2 * p^2.
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

}  // namespace brasa::cuda
