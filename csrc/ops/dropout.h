// Computes  y[i] = x[i] / (1 - rate) where u[i] >= rate, else 0
//             u[i] = uniform01(philox(seed, i / 4, (step << 32) + node).word[i % 4])
//           The backward pass is the same function of dy: no mask is stored.
// Layout    x, y: `count` float32. state: 2 int64, seed and step.
// Writes    y is overwritten; it may be x.
// Edges     rate == 0 copies. Dropped elements are 0 even where x is NaN or Inf.
// Order     The mask depends on (seed, step, node, i) alone: not on device, threads or batch split.
// Assumes   0 <= rate < 1.
#pragma once

#include "core/exec.h"

namespace brasa {

struct DropoutShape {
  int64_t count;
  float rate;
  uint32_t node;  // which dropout of the model this is
};

using Dropout = void (*)(const Exec&, const DropoutShape&, const int64_t* state, const float* x,
                         float* y);

}  // namespace brasa
