// Implicit GEMM over channels-last images: the tiles of matmul, other operands. Groups are the batch. Where few
// channels would leave the tiles empty, conv2d_direct.cuh.
#include "cuda/conv2d_direct.cuh"
#include "cuda/conv2d_operands.cuh"
#include "cuda/kernels.h"
#include "cuda/matrix.cuh"
#include "cuda/product.cuh"

namespace brasa::cuda {
namespace {

int64_t outputs_of(const Conv2dShape& s) { return s.N * s.window.P * s.window.Q; }
int64_t taps_of(const Conv2dShape& s) { return s.window.R * s.window.S; }

Division forward_division(const Conv2dShape& s) {
  return divide(s.groups, outputs_of(s), s.K / s.groups, taps_of(s) * (s.C / s.groups));
}

Division weight_division(const Conv2dShape& s) {
  return divide(s.groups, taps_of(s) * (s.C / s.groups), s.K / s.groups, outputs_of(s));
}

struct PhaseProduct {
  Phase phase;
  int64_t lines, depth;
  Division division;
};

PhaseProduct phase_product(const Conv2dShape& s, int rest_h, int rest_w) {
  const ConvFrame f = frame_of(s);
  PhaseProduct p;
  p.phase = phase_of(f, rest_h, rest_w);
  p.lines = s.N * p.phase.rows * p.phase.columns;
  p.depth = int64_t{p.phase.taps_r} * p.phase.taps_s * f.group_k;
  p.division = divide(s.groups, p.lines, f.group_c, p.depth);
  return p;
}

template <class F>
void each_phase(const Conv2dShape& s, const F& f) {
  for (int h = 0; h < s.window.stride_h; ++h) {
    for (int w = 0; w < s.window.stride_w; ++w) f(phase_product(s, h, w));
  }
}

}  // namespace

void conv2d_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                    const float* b, float* y) {
  if (takes_direct(s)) return direct_forward(exec, s, x, w, b, y);
  const ConvFrame f = frame_of(s);
  const int64_t depth = taps_of(s) * f.group_c, rows = outputs_of(s);
  const Result<PlainRows> result{
      y,         b,         s.activation, Write::kSet, rows, f.group_k,
      f.group_k, f.group_k, {s.K},        {},          1,    f.group_k % 4 == 0 && aligned16(y)};
  multiply(exec, s.groups, depth, ImageWindows{x, rows, f},
           Matrix<false>{w, f.group_k, depth, s.K, f.group_k}, result, forward_division(s));
}

int64_t conv2d_forward_workspace(const Conv2dShape& s, int) {
  if (takes_direct(s)) return 0;
  return forward_division(s).workspace(s.groups, outputs_of(s), s.K / s.groups);
}

// The filters are read as they lie.
void conv2d_pack(const Exec& exec, const Conv2dShape& s, const float* w, float* packed) {
  const int64_t floats = conv2d_packed_floats(s);
  copy_rows(exec, {1, floats, floats, floats}, w, packed);
}

int64_t conv2d_packed_floats(const Conv2dShape& s) { return taps_of(s) * (s.C / s.groups) * s.K; }

void conv2d_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                          float* dx) {
  if (takes_direct(s)) return direct_backward_data(exec, s, dy, w, dx);
  const ConvFrame f = frame_of(s);
  const bool wide = f.group_c % 4 == 0 && aligned16(dx);
  each_phase(s, [&](const PhaseProduct& p) {
    const PhaseRows rows{s.H * s.W * s.C,
                         s.W * s.C,
                         s.window.stride_h,
                         s.window.stride_w * s.C,
                         (int64_t{p.phase.first_h} * s.W + p.phase.first_w) * s.C,
                         p.phase.rows,
                         p.phase.columns};
    const Result<PhaseRows> result{dx,        nullptr, {ActivationKind::kNone, 0.f},
                                   s.write,   p.lines, f.group_c,
                                   f.group_c, 0,       rows,
                                   {},        1,       wide};
    multiply(exec, s.groups, p.depth, GradientWindows{dy, p.lines, f, p.phase},
             FilterColumns{w, f, p.phase}, result, p.division);
  });
}

int64_t conv2d_backward_data_workspace(const Conv2dShape& s, int) {
  if (takes_direct(s)) return 0;
  int64_t most = 0;
  each_phase(s, [&](const PhaseProduct& p) {
    const int64_t bytes = p.division.workspace(s.groups, p.lines, s.C / s.groups);
    if (bytes > most) most = bytes;
  });
  return most;
}

void conv2d_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                            float* dw) {
  if (takes_direct(s)) return direct_backward_weight(exec, s, dy, x, dw);
  const ConvFrame f = frame_of(s);
  const int64_t rows = taps_of(s) * f.group_c, depth = outputs_of(s);
  const Result<PlainRows> result{dw,        nullptr, {ActivationKind::kNone, 0.f},
                                 s.write,   rows,    f.group_k,
                                 f.group_k, 0,       {s.K},
                                 {},        1,       f.group_k % 4 == 0 && aligned16(dw)};
  multiply(exec, s.groups, depth, ImageTaps{x, depth, f},
           Matrix<false>{dy, f.group_k, depth, s.K, f.group_k}, result, weight_division(s));
}

int64_t conv2d_backward_weight_workspace(const Conv2dShape& s, int) {
  if (takes_direct(s)) return direct_backward_weight_workspace(s);
  return weight_division(s).workspace(s.groups, taps_of(s) * (s.C / s.groups), s.K / s.groups);
}

}  // namespace brasa::cuda
