// What every step of an optimizer begins with (ops/optimizer.h).
#pragma once

#include "cuda/penalty.cuh"
#include "ops/optimizer.h"

namespace brasa::cuda {

// What comes first. `any` is the same for all threads: a weight's bits stay where there is none of it.
struct First {
  bool any;
  double weight_decay;
  Slope slope;
  First(const Shrink& s) : any(s.any()), weight_decay(s.weight_decay), slope(s.l1, s.l2) {}

  // The gradients take up the slopes, then the parameters decay.
  template <int V>
  __device__ void apply(double lr, float (&gradient)[V], float (&parameter)[V]) const {
    if (!any) return;
    const float share = static_cast<float>(lr * weight_decay);
    for (int l = 0; l < V; ++l) {
      gradient[l] = slope.added(gradient[l], parameter[l]);
      parameter[l] = fmaf(-share, parameter[l], parameter[l]);
    }
  }
};

}  // namespace brasa::cuda
