// The gradient of the filters by one channel of each group, over a row of windows.
#pragma once

#include "cpu/isa/conv2d_narrow_windows.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// What is read next.
struct Next {
  NextRows x, dy;

  BRASA_INLINE void fetch() { x.fetch(), dy.fetch(); }
};

// A vector's channels of dy in a row, gathered.
struct RowOfWindows {
  const PixelTable& t;
  const Conv2dShape& s;
  const float* dy;

  BRASA_INLINE Vec slope(int64_t q) const { return Vec::load(dy + q * Vec::width); }
};

BRASA_INLINE void add_to(Vec sum, float* to) { (Vec::load(to) + sum).store(to); }

// sum[tap] += `Count` pixels of dy, from q on, with those of x that they meet.
template <int R, int S, int stride, int Count, class Read>
BRASA_INLINE void add_products(const RowOfWindows& of, int64_t q, Read read, Vec (&sum)[R * S]) {
  Vec slope[Count];
  unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA { slope[k] = of.slope(q + k); });
  unrolled<R>([&](int r) BRASA_INLINE_LAMBDA {
    unrolled<(Count - 1) * stride + S>([&](int i) BRASA_INLINE_LAMBDA {
      const Vec x = read(r * of.t.width + q * stride + i);
      unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA {
        const int c = i - k * stride;
        if (c >= 0 && c < S) sum[r * S + c] = fma(x, slope[k], sum[r * S + c]);
      });
    });
  });
}

// dw[tap], a vector each, += the sums of the row.
template <int R, int S, int stride, class Read>
BRASA_INLINE void add_row_of_channel(KnownWindow<R, S, stride>, const RowOfWindows& of, Read read,
                                     float* dw) {
  constexpr int kPixels = 4;
  Vec sum[R * S];
  unrolled<R * S>([&](int i) BRASA_INLINE_LAMBDA { sum[i] = Vec::zero(); });
  int64_t q = 0;
  for (; q + kPixels <= of.s.window.Q; q += kPixels) {
    add_products<R, S, stride, kPixels>(of, q, read, sum);
  }
  for (; q < of.s.window.Q; ++q) add_products<R, S, stride, 1>(of, q, read, sum);
  unrolled<R * S>([&](int i) BRASA_INLINE_LAMBDA { add_to(sum[i], dw + i * Vec::width); });
}

template <class Read>
BRASA_INLINE void add_row_of_channel(KnownWindow<0, 0, 0>, const RowOfWindows& of, Read read,
                                     float* dw) {
  constexpr int kChains = 4;
  const Window2d& win = of.s.window;
  for (int64_t r = 0; r < win.R; ++r) {
    for (int64_t c = 0; c < win.S; ++c, dw += Vec::width) {
      const int64_t first = r * win.dilation_h * of.t.width + c * win.dilation_w;
      const auto product = [&](int64_t q, Vec sum) BRASA_INLINE_LAMBDA {
        return fma(read(first + q * of.t.along), of.slope(q), sum);
      };
      Vec sum[kChains];
      unrolled<kChains>([&](int k) BRASA_INLINE_LAMBDA { sum[k] = Vec::zero(); });
      int64_t q = 0;
      for (; q + kChains <= win.Q; q += kChains) {
        unrolled<kChains>([&](int k) BRASA_INLINE_LAMBDA { sum[k] = product(q + k, sum[k]); });
      }
      for (; q < win.Q; ++q) sum[0] = product(q, sum[0]);
      add_to((sum[0] + sum[1]) + (sum[2] + sum[3]), dw);
    }
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
