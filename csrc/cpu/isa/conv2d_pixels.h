// One channel and few filters: pixels in the lanes, a filter to a register. In the product of
// conv2d_forward.cpp the filters are in the lanes: 6 of 16 in LeNet's first layer (one image there, on one
// core of Sapphire Rapids: 7.3 us, so 3.8, of which the sums are less than half).
#pragma once

#include "cpu/isa/activate.h"
#include "cpu/isa/gemm.h"
#include "ops/conv2d.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int kPixelFilters = 8;  // two pixels with 8 filters each fill a vector of 16 lanes

// Rows of at least three quarters of a vector; and short sums, as they are taken in one go.
BRASA_INLINE bool takes_pixels(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return Vec::width == 16 && s.C == 1 && s.groups == 1 && s.K <= kPixelFilters && win.Q >= 12 &&
         win.R * win.S <= 64 && win.stride_h == 1 && win.stride_w == 1 && win.dilation_h == 1 &&
         win.dilation_w == 1;
}

// Some rows of x with their padding, and with as much behind them as whole vectors of pixels read.
struct PixelFrame {
  int64_t rows, step;  // rows of y at a time; floats of a row of x

  BRASA_INLINE explicit PixelFrame(const Conv2dShape& s) {
    constexpr int64_t kNearFloats = 4096;  // 16 KB
    step = round_up(round_up(s.window.Q, Vec::width) + s.window.S, 16);
    rows = larger(1, kNearFloats / step - s.window.R);
  }
  BRASA_INLINE int64_t floats(const Conv2dShape& s) const { return (rows + s.window.R) * step; }
};

// The rows of x that rows [begin, end) of y meet.
BRASA_INLINE void copy_pixel_rows(const Conv2dShape& s, const PixelFrame& f, Range rows,
                                  const float* x, float* frame) {
  const Window2d& win = s.window;
  const int64_t left = smaller(win.pad_left, f.step), width = smaller(s.W, f.step - left);
  for (int64_t h = rows.begin - win.pad_top; h < rows.end - 1 + win.R - win.pad_top; ++h) {
    const bool inside = h >= 0 && h < s.H;
    for (int64_t i = 0; i < f.step; i += Vec::width) Vec::zero().store(frame + i);
    if (inside) memcpy(frame + left, x + h * s.W, static_cast<size_t>(width) * sizeof(float));
    frame += f.step;
  }
}

// Between a filter to a vector and a pixel to kPixelFilters floats: three rounds lead there, four back.
template <int Rounds>
BRASA_INLINE void turn_pixels(Vec (&v)[kPixelFilters]) {
  BRASA_UNROLL_ALL
  for (int round = 0; round < Rounds; ++round) {
    Vec zipped[kPixelFilters];
    BRASA_UNROLL_ALL
    for (int k = 0; k < 4; ++k) zip(v[k], v[k + 4], &zipped[2 * k], &zipped[2 * k + 1]);
    BRASA_UNROLL_ALL
    for (int k = 0; k < kPixelFilters; ++k) v[k] = zipped[k];
  }
}

// y[l * K + k] = v[k][l] for the first n lanes.
template <int K>
BRASA_INLINE void store_pixels(const Vec (&v)[K], int64_t n, float* y) {
  Vec sides[kPixelFilters];
  BRASA_UNROLL_ALL
  for (int k = 0; k < kPixelFilters; ++k) sides[k] = k < K ? v[k] : Vec::zero();
  turn_pixels<3>(sides);
  alignas(64) float pixels[(kPixelFilters + 1) * Vec::width];
  BRASA_UNROLL_ALL
  for (int k = 0; k < kPixelFilters; ++k) sides[k].store(pixels + k * Vec::width);
  for (int64_t l = 0; l < n; ++l) {
    Vec::load(pixels + l * kPixelFilters).store_partial(y + l * K, K);
  }
}

// `count` pixels of a row of y, in Vectors vectors.
template <int K, int Vectors>
BRASA_INLINE void pixel_tile(const Conv2dShape& s, int64_t step, const float* frame, const float* w,
                             const float* b, int64_t count, float* y) {
  Vec sum[Vectors][K];
  BRASA_UNROLL_ALL
  for (int v = 0; v < Vectors; ++v) {
    BRASA_UNROLL_ALL
    for (int k = 0; k < K; ++k) sum[v][k] = b == nullptr ? Vec::zero() : Vec::all(b[k]);
  }
  for (int64_t r = 0; r < s.window.R; ++r, frame += step) {
    for (int64_t i = 0; i < s.window.S; ++i, w += K) {
      Vec pixels[Vectors];
      BRASA_UNROLL_ALL
      for (int v = 0; v < Vectors; ++v) pixels[v] = Vec::load(frame + i + v * Vec::width);
      BRASA_UNROLL_ALL
      for (int k = 0; k < K; ++k) {
        const Vec one = Vec::all(w[k]);
        BRASA_UNROLL_ALL
        for (int v = 0; v < Vectors; ++v) sum[v][k] = fma(pixels[v], one, sum[v][k]);
      }
    }
  }
  for (int v = 0; v < Vectors; ++v) {
    for (int k = 0; k < K; ++k) sum[v][k] = activate(s.activation, sum[v][k]);
    const int64_t first = v * Vec::width;
    store_pixels<K>(sum[v], smaller(Vec::width, count - first), y + first * K);
  }
}

template <int K>
void pixel_row(const Conv2dShape& s, int64_t step, const float* frame, const float* w,
               const float* b, float* y) {
  const int64_t Q = s.window.Q;
  for (int64_t q = 0; q < Q; q += 2 * Vec::width) {
    if (Q - q > Vec::width) {
      pixel_tile<K, 2>(s, step, frame + q, w, b, smaller(2 * Vec::width, Q - q), y + q * K);
    } else {
      pixel_tile<K, 1>(s, step, frame + q, w, b, Q - q, y + q * K);
    }
  }
}

template <int K = kPixelFilters>
void pixel_rows(const Conv2dShape& s, const PixelFrame& f, Range rows, const float* frame,
                const float* w, const float* b, float* y) {
  if (s.K != K) {
    if constexpr (K > 1) pixel_rows<K - 1>(s, f, rows, frame, w, b, y);
    return;
  }
  for (int64_t p = rows.begin; p < rows.end; ++p, frame += f.step) {
    pixel_row<K>(s, f.step, frame, w, b, y + p * s.window.Q * K);
  }
}

BRASA_INLINE void convolve_pixels(const Exec& exec, const Conv2dShape& s, const float* x,
                                  const float* w, const float* b, float* y) {
  const PixelFrame f(s);
  const int64_t P = s.window.P;
  float* frame = reinterpret_cast<float*>(exec.scratch) + exec.thread * f.floats(s);
  for (const Range mine : exec.portions(s.N * P, smaller(f.rows, P))) {
    for (int64_t at = mine.begin; at < mine.end;) {
      const int64_t n = at / P, p = at % P;
      const Range rows = {p, smaller(smaller(P, p + mine.end - at), p + f.rows)};
      copy_pixel_rows(s, f, rows, x + n * s.H * s.W, frame);
      pixel_rows(s, f, rows, frame, w, b, y + n * P * s.window.Q * s.K);
      at += rows.end - rows.begin;
    }
  }
}

BRASA_INLINE int64_t pixels_workspace(const Conv2dShape& s, int threads) {
  return threads * PixelFrame(s).floats(s) * 4;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
