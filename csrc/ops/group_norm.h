// Computes  y = h * gamma + beta with h = (x - mean) / sqrt(variance + epsilon), where each group of an image
//             has its own mean and variance: those of its channels / groups neighbouring channels at all
//             positions                                                              (group_norm)
//           dbeta = sum of dy, dgamma = sum of dy * h over images and positions;
//             dx = (g - mean of g - h * mean of (g * h)) / sqrt(variance + epsilon) with g = dy * gamma
//             and the means over a group                                    (group_norm_backward)
//           Source: Wu, He 2018 (arXiv:1803.08494). As many groups as channels: instance normalization
//           (arXiv:1607.08022).
// Layout    x, y, dx, dy (images, positions, channels), dense; all others (channels,). gamma, beta null:
//           1 and 0.
// Writes    All outputs are overwritten. y may be x, dx may be dy.
// Edges     A group of equal elements gives beta to the bit, a group of one element dx 0. A group with NaN or Inf is
//           NaN, and so is one whose squares float32 cannot add up (|x - mean| from about 1e19 on): it
//           leaves the other groups alone, and makes dgamma of its channels NaN. No elements: dgamma and
//           dbeta are 0.
// Order     Statistics are those of x - x_0, the group's first element: an offset far larger than the
//           spread costs no digits. h errs by (k + 8) u (1 + |h| + |h_0|) at most, u = 2^-24, h_0 that of
//           x_0, k the positions that are added up in float32: 64 to 127. Their sums, those over the
//           channels of a group, dgamma and dbeta are added in float64, in an order that follows from the
//           shape alone.
// Assumes   channels >= 1 and a multiple of groups; epsilon a normal float32; positions >= 1 where images
//           >= 1.
#pragma once

#include "core/exec.h"

namespace brasa {

struct GroupNormShape {
  int64_t images, positions, channels, groups;
  float epsilon;

  BRASA_INLINE constexpr int64_t image() const { return positions * channels; }  // its elements
  BRASA_INLINE constexpr int64_t group() const { return image() / groups; }      // likewise
};

struct GroupNormGradients {
  float *dx, *dgamma, *dbeta;
};

using GroupNorm = void (*)(const Exec&, const GroupNormShape&, const float* x, const float* gamma,
                           const float* beta, float* y);
// The statistics are found anew: an image is read for the sums of dy anyway, and x is in a cache then.
using GroupNormBackward = void (*)(const Exec&, const GroupNormShape&, const float* dy,
                                   const float* x, const float* gamma, GroupNormGradients);
using GroupNormWorkspace = int64_t (*)(const GroupNormShape&, int threads);

}  // namespace brasa
