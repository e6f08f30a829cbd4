// Computes  y[i] = x[i] + stddev * z[i], z normally distributed with mean 0 and variance 1: Box and Muller (1958)
//             w = philox(seed, i / 4, (step << 32) + node).word, its pair (w0, w1) for the even half of four
//             elements, (w2, w3) for the other
//             r = sqrt(-2 ln(1 - uniform01(first))), a = 2 pi uniform01(second)
//             z = r cos(a), then r sin(a)
//           The gradient by x is dy itself.
// Layout    x, y: `count` float32. state: 2 int64, seed and step.
// Writes    y is overwritten; it may be x.
// Edges     stddev == 0 adds 0: NaN and Inf stay. |z| <= 5.77, as u has 24 bits.
// Order     z depends on (seed, step, node, i) alone: not on threads or batch split.
// Accuracy  z errs by at most 2e-6, and differs by that between devices.
// Assumes   stddev >= 0, finite.
#pragma once

#include "core/exec.h"

namespace brasa {

struct GaussianNoiseShape {
  int64_t count;
  float stddev;
  uint32_t node;  // which random op of the model this is
};

using GaussianNoise = void (*)(const Exec&, const GaussianNoiseShape&, const int64_t* state,
                               const float* x, float* y);

}  // namespace brasa
