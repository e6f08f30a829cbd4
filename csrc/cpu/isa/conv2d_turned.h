// The data gradient at unit stride as what it is, too: a convolution of dy with the filters turned round, channels
// and filters exchanged. Its sums run over all taps, where those of conv2d_backward_data.cpp end with each row of
// the window, or each tap, and dx is read and written again: much for few filters.
#pragma once

#include "cpu/isa/conv2d_frame.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// GF/s of the other way, and of this one, on two cores of Zen 5, batches of 16 to 128: 16 channels and 16 filters of
// 3 x 3 258, 344 (avx2 170, 201), dilated 224, 334; 32 and 16 of 5 x 5 367, 453; 64 and 3 of 3 x 3 141, 394. Of more
// filters nothing is gained, and up to a fifth lost; of fewer channels the vectors are not full; and where dy is
// smaller than dx the sums run over more zeros.
constexpr int64_t kTurnedFilters = 16, kTurnedChannels = 16;
// Of groups the columns are few either way, and here the products (3 x 3, 8 images): two filters for each of 64 channels of
// 32 x 32 5.9 ms, so 1.3; 8 groups of 32 filters the same.
constexpr int64_t kTurnedGroup = 16;

BRASA_INLINE bool is_turned(const Conv2dShape& s) {
  const Window2d& win = s.window;
  const bool fits =
      win.pad_top <= (win.R - 1) * win.dilation_h && win.pad_left <= (win.S - 1) * win.dilation_w;
  const bool few = s.groups == 1 ? s.K <= kTurnedFilters && s.C >= kTurnedChannels
                                 : s.K / s.groups <= kTurnedGroup;
  return few && win.stride_h == 1 && win.stride_w == 1 && win.R * win.S > 1 && fits &&
         s.write == Write::kSet && 10 * win.P * win.Q >= 9 * s.H * s.W;
}

BRASA_INLINE Conv2dShape turned(const Conv2dShape& s) {
  Conv2dShape t = s;
  t.H = s.window.P, t.W = s.window.Q, t.C = s.K, t.K = s.C;
  t.window.P = s.H, t.window.Q = s.W;
  t.window.pad_top = (s.window.R - 1) * s.window.dilation_h - s.window.pad_top;
  t.window.pad_left = (s.window.S - 1) * s.window.dilation_w - s.window.pad_left;
  t.activation = kNoActivation;
  t.winograd = Winograd::kNever;  // conv2d_backward_data() has decided
  return t;
}

BRASA_INLINE int64_t turned_filter_bytes(const Conv2dShape& s) {
  return round_up(s.window.R * s.window.S * s.C * (s.K / s.groups) * 4, 64);
}

// to[tap, k, c] = w[last - tap, c, k], c and k within their group in the second place.
BRASA_INLINE void turn_filters(const Exec& exec, const Conv2dShape& s, const float* w, float* to) {
  const int64_t taps = s.window.R * s.window.S, C = s.C / s.groups, K = s.K / s.groups;
  const Range mine = exec.share(taps * K);
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    for (int64_t g = 0; g < s.groups; ++g) {
      const float* from = w + (taps - 1 - i / K) * C * s.K + g * K + i % K;
      for (int64_t c = 0; c < C; ++c) to[i * s.C + g * C + c] = from[c * s.K];
    }
  }
}

BRASA_INLINE void convolve_turned(const Exec& exec, const Conv2dShape& s, const float* dy,
                                  const float* w, float* dx) {
  float* filters = reinterpret_cast<float*>(exec.scratch);
  turn_filters(exec, s, w, filters);
  exec.barrier();
  Exec behind = exec;
  behind.scratch += turned_filter_bytes(s);
  conv2d_forward(behind, turned(s), dy, filters, nullptr, dx);
}

BRASA_INLINE int64_t turned_workspace(const Conv2dShape& s, int threads) {
  return turned_filter_bytes(s) + conv2d_forward_workspace(turned(s), threads);
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
