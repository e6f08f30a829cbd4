// What large weights add to a loss.
// Computes  penalty           value = l1 * sum of |x[i]| + l2 * sum of x[i]^2
//           penalty_backward  dx[i] = l1 * sign(x[i]) + 2 * l2 * x[i]
// Layout    x and dx: `count` float32. value: 1 float32.
// Writes    value is overwritten; dx is overwritten, or added into when `write` is kAdd.
// Edges     sign(0) = 0. NaN and infinities reach the value; sums that float32 cannot hold are taken in
//           double.
// Order     Summed in chunks of kPenaltyChunk, the chunks in double and in order.
// Scratch   penalty_workspace(count) bytes.
#pragma once

#include "core/exec.h"

namespace brasa {

constexpr int64_t kPenaltyChunk = 4096;

struct PenaltyShape {
  int64_t count;
  double l1, l2;
};

using Penalty = void (*)(const Exec&, const PenaltyShape&, const float* x, float* value);
using PenaltyBackward = void (*)(const Exec&, const PenaltyShape&, Write write, const float* x,
                                 float* dx);

// One double for each chunk.
constexpr int64_t penalty_workspace(int64_t count) {
  return (count + kPenaltyChunk - 1) / kPenaltyChunk * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa
