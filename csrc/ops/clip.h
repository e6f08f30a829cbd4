// Keeps gradients from growing without bound.
// Computes  clip_value  y[i] = min(max(x[i], -limit), limit)
//           clip_norm   y[i] = x[i] * limit / max(norm, limit)        norm = sqrt(sum of x[i]^2)
// Layout    x and y: `count` float32.
// Writes    y, which may be x.
// Edges     clip_value: NaN stays NaN. clip_norm: where norm <= limit every bit of x stays; an infinity or
//           a NaN anywhere in x makes all of y NaN, as in Keras, so that it does not pass for a small step,
//           but for zeros: the gaps between weights stay 0. Squares that float32 cannot hold are summed in
//           double; those below its normal range count as 0.
// Order     Squares are summed in chunks of kClipChunk, the chunks in double and in order.
// Scratch   clip_norm_workspace(count) bytes.
#pragma once

#include "core/exec.h"

namespace brasa {

constexpr int64_t kClipChunk = 4096;

struct ClipShape {
  int64_t count;
  float limit;
};

using ClipValue = void (*)(const Exec&, const ClipShape&, const float* x, float* y);
using ClipNorm = void (*)(const Exec&, const ClipShape&, const float* x, float* y);

// One double for each chunk.
constexpr int64_t clip_norm_workspace(int64_t count) {
  return (count + kClipChunk - 1) / kClipChunk * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa
