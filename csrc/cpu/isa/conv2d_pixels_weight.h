// The weight gradient of one channel and few filters, pixels in the lanes (conv2d_pixels.h): dy is laid out
// as planes, and a tile of filters x columns of the filter holds a sum for each lane (LeNet's first layer,
// one image, one core of Sapphire Rapids: 9.2 us as a product, so 5.2).
#pragma once

#include "cpu/isa/conv2d_pixels.h"
#include "cpu/isa/lane_sums.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int kWeightFilters = 3, kWeightColumns = 5;  // 15 sums beside 5 of x and one of dy

// Images are summed in chunks that follow from the shape; each has a copy of dw, a vector for each element.
struct PixelSums {
  PixelFrame f;
  int64_t plane, step, chunks, copy;  // floats of a plane of dy, of its rows, of a copy of dw

  BRASA_INLINE explicit PixelSums(const Conv2dShape& s) : f(s) {
    step = round_up(s.window.Q, Vec::width);
    plane = f.rows * step;
    chunks = larger(1, smaller(s.N, 8));
    copy = s.window.R * s.window.S * s.K * Vec::width;
  }
  BRASA_INLINE int64_t spread_floats() const { return step * kPixelFilters + Vec::width; }
  BRASA_INLINE int64_t thread_floats(const Conv2dShape& s) const {
    return f.floats(s) + s.K * plane + 2 * spread_floats();
  }
};

// A row of dy with kPixelFilters floats to a pixel, 0 behind its end.
template <int K>
BRASA_INLINE void spread_row(const PixelSums& t, int64_t Q, const float* dy, float* pixels) {
  for (int64_t q = 0; q < Q; ++q)
    Vec::load_partial(dy + q * K, K).store(pixels + q * kPixelFilters);
  for (int64_t q = Q; q < t.step; ++q) Vec::zero().store(pixels + q * kPixelFilters);
}

// The same as rows of planes.
template <int K>
BRASA_INLINE void turn_row(const PixelSums& t, const float* pixels, float* plane) {
  for (int64_t q = 0; q < t.step; q += Vec::width) {
    Vec sides[kPixelFilters];
    BRASA_UNROLL_ALL
    for (int k = 0; k < kPixelFilters; ++k) {
      sides[k] = Vec::load(pixels + q * kPixelFilters + k * Vec::width);
    }
    turn_pixels<4>(sides);
    BRASA_UNROLL_ALL
    for (int k = 0; k < K; ++k) sides[k].store(plane + k * t.plane + q);
  }
}

// Some rows. One is turned while the next is spread: its stores are then on their way no longer.
template <int K>
BRASA_INLINE void turn_rows(const PixelSums& t, int64_t rows, int64_t Q, const float* dy,
                            float* planes, float* pixels) {
  const int64_t size = t.spread_floats();
  for (int64_t p = 0; p < rows; ++p, dy += Q * K) {
    spread_row<K>(t, Q, dy, pixels + p % 2 * size);
    if (p > 0) turn_row<K>(t, pixels + (p - 1) % 2 * size, planes + (p - 1) * t.step);
  }
  turn_row<K>(t, pixels + (rows - 1) % 2 * size, planes + (rows - 1) * t.step);
}

// Filters and columns of row r of the filter, over some rows of dy; x is the frame's row r, from column s on.
template <int Filters, int Columns>
BRASA_INLINE void sum_pixels(const PixelSums& t, int64_t rows, int64_t Q, const float* x,
                             const float* dy, int64_t K, float* sums) {
  Vec sum[Filters][Columns];
  BRASA_UNROLL_ALL
  for (int k = 0; k < Filters; ++k) {
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns; ++j) sum[k][j] = Vec::load(sums + (j * K + k) * Vec::width);
  }
  for (int64_t p = 0; p < rows; ++p, x += t.f.step, dy += t.step) {
    for (int64_t q = 0; q < Q; q += Vec::width) {
      Vec in[Columns];
      // Behind the end of the row dy is 0, but x may be NaN.
      const int lanes = static_cast<int>(smaller(Vec::width, Q - q));
      BRASA_UNROLL_ALL
      for (int j = 0; j < Columns; ++j) in[j] = held(Vec::load_partial(x + q + j, lanes));
      BRASA_UNROLL_ALL
      for (int k = 0; k < Filters; ++k) {
        const Vec slope = held(Vec::load(dy + k * t.plane + q));
        BRASA_UNROLL_ALL
        for (int j = 0; j < Columns; ++j) sum[k][j] = fma(slope, in[j], sum[k][j]);
      }
    }
  }
  BRASA_UNROLL_ALL
  for (int k = 0; k < Filters; ++k) {
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns; ++j) sum[k][j].store(sums + (j * K + k) * Vec::width);
  }
}

template <int Filters, int Columns = kWeightColumns>
void sum_filter_row(const PixelSums& t, const Conv2dShape& s, int64_t rows, const float* x,
                    const float* dy, float* sums, int64_t column = 0) {
  const int64_t S = s.window.S;
  for (; column + Columns <= S; column += Columns) {
    sum_pixels<Filters, Columns>(t, rows, s.window.Q, x + column, dy, s.K,
                                 sums + column * s.K * Vec::width);
  }
  if constexpr (Columns > 1) {
    if (column < S) sum_filter_row<Filters, Columns - 1>(t, s, rows, x, dy, sums, column);
  }
}

template <int K>
void sum_block(const PixelSums& t, const Conv2dShape& s, int64_t rows, const float* frame,
               const float* planes, float* sums) {
  constexpr int kRest = K % kWeightFilters;
  for (int64_t r = 0; r < s.window.R; ++r, frame += t.f.step) {
    float* to = sums + r * s.window.S * K * Vec::width;
    const float* dy = planes;
    for (int k = 0; k + kWeightFilters <= K; k += kWeightFilters) {
      sum_filter_row<kWeightFilters>(t, s, rows, frame, dy, to);
      dy += kWeightFilters * t.plane, to += kWeightFilters * Vec::width;
    }
    if constexpr (kRest > 0) sum_filter_row<kRest>(t, s, rows, frame, dy, to);
  }
}

// One chunk of images.
template <int K = kPixelFilters>
void sum_images(const PixelSums& t, const Conv2dShape& s, Range images, const float* dy,
                const float* x, float* frame, float* sums) {
  if (s.K != K) {
    if constexpr (K > 1) sum_images<K - 1>(t, s, images, dy, x, frame, sums);
    return;
  }
  const int64_t P = s.window.P, Q = s.window.Q;
  float* planes = frame + t.f.floats(s);
  memset(sums, 0, static_cast<size_t>(t.copy) * sizeof(float));
  for (int64_t n = images.begin; n < images.end; ++n) {
    for (int64_t p = 0; p < P; p += t.f.rows) {
      const Range rows = {p, smaller(P, p + t.f.rows)};
      copy_pixel_rows(s, t.f, rows, x + n * s.H * s.W, frame);
      turn_rows<K>(t, rows.end - rows.begin, Q, dy + (n * P + p) * Q * K, planes,
                   planes + K * t.plane);
      sum_block<K>(t, s, rows.end - rows.begin, frame, planes, sums);
    }
  }
}

void sum_pixel_weights(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                       float* dw) {
  const PixelSums t(s);
  float* copies = reinterpret_cast<float*>(exec.scratch);
  float* frame = copies + t.chunks * t.copy + exec.thread * t.thread_floats(s);
  for (const Range mine : exec.portions(t.chunks)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      sum_images(t, s, part_of(s.N, t.chunks, i), dy, x, frame, copies + i * t.copy);
    }
  }
  exec.barrier();
  add_lanes(exec, t.copy / Vec::width, t.chunks, s.write, copies, dw);
}

BRASA_INLINE int64_t pixel_weights_workspace(const Conv2dShape& s, int threads) {
  const PixelSums t(s);
  return 4 * (t.chunks * t.copy + threads * t.thread_floats(s));
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
