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
  BRASA_INLINE int64_t floats() const { return padded() ? channels * plane_step() : 0; }
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

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
