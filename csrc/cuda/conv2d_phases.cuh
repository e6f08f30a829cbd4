// The sizes of a convolution as kernels want them, and the phases of its data gradient.
#pragma once

#include "cuda/launch.h"
#include "ops/conv2d.h"

namespace brasa::cuda {

// The sizes as the kernels want them: a window has fewer than 2^31 elements, a batch may have more.
struct ConvFrame {
  int H, W, C, K, P, Q, R, S, group_c, group_k;
  int stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
};

inline ConvFrame frame_of(const Conv2dShape& s) {
  const Window2d& w = s.window;
  const auto narrow = [](int64_t size) { return static_cast<int>(size); };
  return {narrow(s.H),
          narrow(s.W),
          narrow(s.C),
          narrow(s.K),
          narrow(w.P),
          narrow(w.Q),
          narrow(w.R),
          narrow(w.S),
          narrow(s.C / s.groups),
          narrow(s.K / s.groups),
          narrow(w.stride_h),
          narrow(w.stride_w),
          narrow(w.dilation_h),
          narrow(w.dilation_w),
          narrow(w.pad_top),
          narrow(w.pad_left)};
}

// The data gradient goes by phases: pixels whose padded position leaves the same rest modulo the stride
// are read by the same taps of the filter, so no product with a zero is made.
struct Phase {
  int first_h, first_w;  // the first pixel of the phase; the next ones are a stride apart
  int rows, columns;     // pixels of the phase in an image
  int first_r, first_s;  // its first tap; the next ones are step_r and step_s apart
  int step_r, step_s;
  int taps_r, taps_s;
};

inline int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }

// One axis of a phase.
struct PhaseAxis {
  int first, count;  // pixels
  int first_tap, step, taps;
};

// The pixels h with (h + pad) % stride == rest, and the taps r with (r * dilation) % stride == rest.
inline PhaseAxis phase_axis(int rest, int extent, int pad, int stride, int dilation, int size) {
  PhaseAxis axis{};
  axis.first = ((rest - pad) % stride + stride) % stride;
  axis.count = axis.first < extent ? (extent - axis.first - 1) / stride + 1 : 0;
  axis.step = stride / gcd(stride, dilation);
  axis.first_tap = 0;
  while (axis.first_tap < size && axis.first_tap * dilation % stride != rest) ++axis.first_tap;
  axis.taps = axis.first_tap < size ? (size - axis.first_tap - 1) / axis.step + 1 : 0;
  return axis;
}

// Those whose padded position leaves the rests modulo the strides.
inline Phase phase_of(const ConvFrame& f, int rest_h, int rest_w) {
  const PhaseAxis h = phase_axis(rest_h, f.H, f.pad_top, f.stride_h, f.dilation_h, f.R);
  const PhaseAxis w = phase_axis(rest_w, f.W, f.pad_left, f.stride_w, f.dilation_w, f.S);
  return {h.first,     w.first, h.count, w.count, h.first_tap,
          w.first_tap, h.step,  w.step,  h.taps,  w.taps};
}

}  // namespace brasa::cuda
