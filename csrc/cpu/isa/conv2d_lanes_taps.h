// The sums of a tile of y (filters x rows x columns) in registers, one vector of images for each: a tap
// is one load for each pixel of the tile and one broadcast for each filter.
//
// Taps that meet nothing but padding in the whole tile are left out: the narrower the tile, the fewer
// zeros are multiplied (the data gradient of LeNet's second layer: 8 % with 2 columns, 16 % with 3, 96 %
// if all of the padding were written out).
#pragma once

#include "cpu/isa/conv2d_lanes.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Sums in registers: 8 to 12 of 16 keep the FMA units busy beside the pixels and one weight; with 32
// registers 16 to 21 (from 24 on GCC spills). A tile of fewer filters takes more columns. Sapphire
// Rapids, LeNet's layers in GF/s: 2 x 2 x 4 (filters x rows x columns) 118 for 6 filters, 3 x 2 x 2 105,
// 6 x 2 x 2 112; 4 x 2 x 2 128 for 16 filters, 2 x 2 x 4 121; 3 x 7 114 for the data gradient, 6 x 3 98.
// NEON's multiply-adds take no operand from memory: beside 3 x 6 sums and their pixels GCC spills.
constexpr int kMostFilters = kManyRegisters ? 4 : 6;
constexpr int kPooledFilters = kManyRegisters ? 4 : 3;
constexpr int kCropColumns = Vec::width == 16 ? 7 : 5;
constexpr int kMostColumns = kManyRegisters ? kCropColumns : 4;
constexpr int columns_of(int filters) {
  if (kManyRegisters) return filters == 3 ? kCropColumns : 4;
  return filters >= 6 ? 2 : filters >= 4 ? 3 : 4;
}
constexpr int pooled_columns_of(int filters) {
  return filters == 1 || (kManyRegisters && filters == 2) ? 4 : 2;
}
// The tile beside which one of `filters` would be too many; none has 5.
constexpr int fewer(int filters) { return filters == 6 ? 4 : filters - 1; }

// Filters of a tile, where there are K.
BRASA_INLINE int64_t filters_of(int64_t K, bool pool) {
  if (kManyRegisters) return pool ? (K % 4 == 2 ? 2 : 4) : K % 3 == 0 ? 3 : 4;
  return pool ? kPooledFilters : K % 6 == 0 ? 6 : 4;
}

// Whether all columns go in tiles of kCropColumns of which the first and the last leave out, tap by tap, what would
// meet the padding: in the data gradient of LeNet's second layer 10 columns become 14.
BRASA_INLINE bool crops(const Conv2dLanesShape& s) {
  const Window2d& win = s.window;
  return kManyRegisters && !s.pool && s.K % 3 == 0 && win.Q % kCropColumns == 0 &&
         win.Q > kCropColumns && (win.S == 3 || win.S == 5) && win.pad_left == win.S - 1 &&
         win.Q == s.W + win.S - 1;
}

// What the tiles of one group of images share.
struct Tiles {
  const Conv2dLanesShape* shape;
  const float* x;  // pixel (0, 0) of channel 0
  int64_t row_step, plane_step;
  const float* w;
  const float* b;   // or null
  float* y;         // of this group
  int32_t* argmax;  // or null
  float least;      // 0 for relu, else -infinity
  bool crops;       // what crops() says
};

// One tap for columns [First, End) of the tile; row i meets the pixels from pixel[i] + `at` on. The fewer of
// pixels and weights are held in registers.
template <int First, int End, int Filters, int Rows, int Columns>
BRASA_INLINE void add_tap(const float* const (&pixel)[Rows], int at, const float* weight,
                          Vec (&sum)[Filters][Rows][Columns]) {
  const auto in = [&](int i, int j) BRASA_INLINE_LAMBDA {
    return held(Vec::load(pixel[i] + (at + j) * Vec::width));
  };
  if constexpr (Filters < Rows * Columns) {
    Vec weights[Filters];
    BRASA_UNROLL_ALL
    for (int k = 0; k < Filters; ++k) weights[k] = Vec::all(weight[k]);
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) {
      BRASA_UNROLL_ALL
      for (int j = First; j < End; ++j) {
        const Vec one = in(i, j);
        BRASA_UNROLL_ALL
        for (int k = 0; k < Filters; ++k) sum[k][i][j] = fma(one, weights[k], sum[k][i][j]);
      }
    }
  } else {
    Vec pixels[Rows][Columns];
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) {
      BRASA_UNROLL_ALL
      for (int j = First; j < End; ++j) pixels[i][j] = in(i, j);
    }
    BRASA_UNROLL_ALL
    for (int k = 0; k < Filters; ++k) {
      const Vec one = Vec::all(weight[k]);
      BRASA_UNROLL_ALL
      for (int i = 0; i < Rows; ++i) {
        BRASA_UNROLL_ALL
        for (int j = First; j < End; ++j) sum[k][i][j] = fma(pixels[i][j], one, sum[k][i][j]);
      }
    }
  }
}

// Where a row of tiles starts: what of x and of the filters its rows of y meet.
struct Strip {
  const Tiles* tiles;
  int64_t first;   // filter
  int64_t p;       // row of y
  const float* x;  // column -pad_left of the first row of x, channel 0
  const float* w;  // tap 0 of the first row of the filter
  int64_t height;  // rows of the filter

  template <int Rows>
  BRASA_INLINE static Strip of(const Tiles& t, int64_t first, int64_t p) {
    const Conv2dLanesShape& s = *t.shape;
    const int64_t h = p - s.window.pad_top;  // of row 0 of the filter
    const int64_t begin = larger(0, -(h + Rows - 1)), end = smaller(s.window.R, s.H - h);
    const float* x = t.x + (h + begin) * t.row_step - s.window.pad_left * Vec::width;
    return {&t, first, p, x, t.w + begin * s.window.S * s.C * s.K + first, end - begin};
  }
};

// What the taps of one row of the filter add to the tile. Of the first columns of the first taps, `Left` meet
// padding, and of the last ones of the last taps, `Right`: these are left out.
template <int Taps, int Left, int Right, int Tap = 0, int Filters, int Rows, int Columns>
BRASA_INLINE void add_row(const float* (&pixel)[Rows], const float* weight, int64_t w_step,
                          Vec (&sum)[Filters][Rows][Columns]) {
  constexpr int first = Tap < Left ? Left - Tap : 0;
  constexpr int left_out = Right + Tap + 1 - Taps;
  // Else GCC computes the places of all weights ahead, in registers that it does not have, and, in the
  // larger tiles, keeps pixels for later taps.
  __asm__("" : "+r"(weight));
  if constexpr (Filters * Rows * Columns > 16) __asm__("" : "+r"(pixel[0]));
  add_tap<first, Columns - (left_out > 0 ? left_out : 0)>(pixel, Tap, weight, sum);
  if constexpr (Tap + 1 < Taps) {
    add_row<Taps, Left, Right, Tap + 1>(pixel, weight + w_step, w_step, sum);
  }
}

// Taps [begin, end) of each row of the filter. Taps = end - begin, or 0 for any.
template <int Taps, int Left = 0, int Right = 0, int Filters, int Rows, int Columns>
BRASA_INLINE void add_taps(const Strip& strip, int64_t q, Range taps,
                           Vec (&sum)[Filters][Rows][Columns]) {
  const Conv2dLanesShape& s = *strip.tiles->shape;
  const int64_t row_step = strip.tiles->row_step, w_step = s.C * s.K;
  const float* plane = strip.x + (q + taps.begin) * Vec::width;
  const float* filter = strip.w + taps.begin * w_step;
  for (int64_t c = 0; c < s.C; ++c, plane += strip.tiles->plane_step, filter += s.K) {
    const float *row = plane, *weight = filter;
    for (int64_t r = 0; r < strip.height; ++r, row += row_step, weight += s.window.S * w_step) {
      const float *pixel[Rows], *one = row, *its_weight = weight;
      if constexpr (Taps > 0) {
        BRASA_UNROLL_ALL
        for (int i = 0; i < Rows; ++i) {
          pixel[i] = row + i * row_step;
          __asm__("" : "+r"(pixel[i]));
        }
        add_row<Taps, Left, Right>(pixel, weight, w_step, sum);
        continue;
      }
      for (int64_t i = taps.begin; i < taps.end; ++i, one += Vec::width, its_weight += w_step) {
        // Else GCC carries pixels from tap to tap in registers that the sums need.
        __asm__("" : "+r"(one));
        BRASA_UNROLL_ALL
        for (int j = 0; j < Rows; ++j) pixel[j] = one + j * row_step;
        add_tap<0, Columns>(pixel, 0, its_weight, sum);
      }
    }
  }
}

// Whether this is a tile at the edge that crops() speaks of; if so, adds all its taps.
template <int Taps, int Filters, int Rows, int Columns>
BRASA_INLINE bool add_cropped(const Strip& strip, int64_t q, Vec (&sum)[Filters][Rows][Columns]) {
  const Window2d& win = strip.tiles->shape->window;
  if (win.S != Taps) return false;
  if (q == 0) {
    add_taps<Taps, Taps - 1, 0>(strip, q, {0, Taps}, sum);
  } else if (q + Columns == win.Q) {
    add_taps<Taps, 0, Taps - 1>(strip, q, {0, Taps}, sum);
  } else {
    return false;
  }
  return true;
}

// sum[k][i][j] = the convolution at row p + i, column q + j of filter k + first.
template <int Filters, int Rows, int Columns>
BRASA_INLINE void convolve(const Strip& strip, int64_t q, Vec (&sum)[Filters][Rows][Columns]) {
  const Conv2dLanesShape& s = *strip.tiles->shape;
  BRASA_UNROLL_ALL
  for (int k = 0; k < Filters; ++k) {
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) {
      BRASA_UNROLL_ALL
      for (int j = 0; j < Columns; ++j) sum[k][i][j] = Vec::zero();
    }
  }
  if constexpr (kManyRegisters && Columns == kCropColumns) {
    if (strip.tiles->crops && (add_cropped<5>(strip, q, sum) || add_cropped<3>(strip, q, sum)))
      return;
  }
  const int64_t column = q - s.window.pad_left;  // of tap 0
  const Range taps = {larger(0, -(column + Columns - 1)), smaller(s.window.S, s.W - column)};
  if constexpr (kManyRegisters) {
    if (taps.end - taps.begin == 5) return add_taps<5>(strip, q, taps, sum);
    if (taps.end - taps.begin == 3) return add_taps<3>(strip, q, taps, sum);
  }
  add_taps<0>(strip, q, taps, sum);
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
