// Planes of one channel with room for padding around them, for the kernels of conv2d_lanes.
#pragma once

#include "cpu/isa/gemm.h"
#include "cpu/simd/vec.h"
#include "ops/conv2d_lanes.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// One group of images: planes of `height` x `width` vectors, and how much padding a copy of them has.
// Steps are in floats.
struct LaneFrame {
  int64_t channels, height, width;
  int64_t top, bottom, left, right;

  BRASA_INLINE bool padded() const { return top + bottom + left + right > 0; }
  BRASA_INLINE int64_t row_step() const { return (left + width + right) * Vec::width; }
  BRASA_INLINE int64_t plane_step() const { return (top + height + bottom) * row_step(); }
  // What a copy takes, where one is needed.
  BRASA_INLINE int64_t floats(bool needed = false) const {
    return padded() || needed ? round_up(channels * plane_step(), 16) : 0;
  }
};

// Where pixel (0, 0) of channel 0 lies: in `planes` itself, or in a padded copy in `buffer`.
BRASA_INLINE const float* read_lane_frame(const LaneFrame& f, const float* planes, float* buffer) {
  if (!f.padded()) return planes;
  const int64_t row = f.width * Vec::width, step = f.row_step();
  const size_t row_bytes = static_cast<size_t>(row) * sizeof(float);
  for (int64_t c = 0; c < f.channels; ++c) {
    float* plane = buffer + c * f.plane_step();
    memset(plane, 0, static_cast<size_t>(f.top * step) * sizeof(float));
    for (int64_t h = 0; h < f.height; ++h) {
      float* to = plane + (f.top + h) * step;
      memset(to, 0, static_cast<size_t>(f.left * Vec::width) * sizeof(float));
      memcpy(to + f.left * Vec::width, planes + (c * f.height + h) * row, row_bytes);
      memset(to + f.left * Vec::width + row, 0,
             static_cast<size_t>(f.right * Vec::width) * sizeof(float));
    }
    memset(plane + (f.top + f.height) * step, 0,
           static_cast<size_t>(f.bottom * step) * sizeof(float));
  }
  return buffer + f.top * f.row_step() + f.left * Vec::width;
}

// The same for some filters and rows of dy: what each winner of the pooling got, and 0 elsewhere. With
// pooling rows.begin is even; without, and without padding, planes and rows are those of dy itself.
BRASA_INLINE const float* read_slope_frame(LaneFrame f, const Conv2dLanesShape& s,
                                           const LanesSlope& dy, int64_t group, Range filters,
                                           Range rows, float* buffer) {
  const int64_t P = s.window.P, Q = s.window.Q, side = s.pool ? 2 : 1;
  const int64_t pixels = (P / side) * (Q / side);
  int64_t first = (group * s.K + filters.begin) * pixels * Vec::width;
  f.channels = filters.end - filters.begin;
  if (!s.pool) return read_lane_frame(f, dy.dy + first, buffer) + rows.begin * Q * Vec::width;
  f.height = rows.end - rows.begin;
  if (f.padded() || P % 2 + Q % 2 > 0) {
    memset(buffer, 0, static_cast<size_t>(f.channels * f.plane_step()) * sizeof(float));
  }
  const int64_t step = f.row_step();
  float* origin = buffer + f.top * step + f.left * Vec::width;
  const int32_t below = static_cast<int32_t>(Q);
  const VecInt place[4] = {VecInt::all(0), VecInt::all(1), VecInt::all(below),
                           VecInt::all(below + 1)};
  for (int64_t k = 0; k < f.channels; ++k, first += pixels * Vec::width) {
    int64_t from = first + rows.begin / 2 * (Q / 2) * Vec::width;
    for (int64_t p = rows.begin; p < rows.end && p + 1 < P; p += 2) {
      float* to = origin + k * f.plane_step() + (p - rows.begin) * step;
      VecInt corner = VecInt::all(static_cast<int32_t>(p * Q));
      for (int64_t q = 0; q + 1 < Q; q += 2, to += 2 * Vec::width, from += Vec::width) {
        const Vec slope = Vec::load(dy.dy + from);
        const VecInt won = VecInt::load(dy.argmax + from) - corner;
        corner = corner + VecInt::all(2);
        BRASA_UNROLL_ALL
        for (int tap = 0; tap < 4; ++tap) {
          const Vec here = select(won == place[tap], slope, Vec::zero());
          here.store(to + tap / 2 * step + tap % 2 * Vec::width);
        }
      }
    }
  }
  return origin;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
