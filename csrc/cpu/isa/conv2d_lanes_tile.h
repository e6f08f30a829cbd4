// y (filters x rows x columns) in registers, one vector of images for each: a tap is one load for each
// pixel of the tile and one broadcast for each filter. The data gradient is the same convolution of dy,
// with the filters turned and their two channel axes exchanged.
//
// Taps that meet nothing but padding in the whole tile are left out: the narrower the tile, the fewer
// zeros are multiplied (the data gradient of LeNet's second layer: 8 % with 2 columns, 16 % with 3, 96 %
// if all of the padding were written out).
#pragma once

#include <math.h>

#include "cpu/isa/activate.h"
#include "cpu/isa/conv2d_lanes.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Sums in registers: 8 to 12 of 16 keep the FMA units busy beside the pixels and one weight; with 32
// registers 16 to 18 (from 24 on GCC spills). A tile of fewer filters takes more columns.
constexpr bool kManyRegisters = Vec::width == 16;
constexpr int kFilters = 4, kSixFilters = 6, kPooledFilters = kManyRegisters ? 2 : 3;
constexpr int columns_of(int filters) {
  if (kManyRegisters) return filters >= 6 ? 3 : 4;
  return filters >= 6 ? 2 : filters >= 4 ? 3 : 4;
}
constexpr int pooled_columns_of(int filters) { return kManyRegisters || filters == 1 ? 4 : 2; }
constexpr int64_t kMostColumns = 4;

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
};

// One tap for the whole tile. The fewer of pixels and weights are held in registers.
template <int Filters, int Rows, int Columns>
BRASA_INLINE void add_tap(const float* pixel, int64_t row_step, const float* weight,
                          Vec (&sum)[Filters][Rows][Columns]) {
  if constexpr (Filters < Rows * Columns) {
    Vec weights[Filters];
    for (int k = 0; k < Filters; ++k) weights[k] = Vec::all(weight[k]);
    for (int i = 0; i < Rows; ++i) {
      for (int j = 0; j < Columns; ++j) {
        const Vec in = held(Vec::load(pixel + i * row_step + j * Vec::width));
        for (int k = 0; k < Filters; ++k) sum[k][i][j] = fma(in, weights[k], sum[k][i][j]);
      }
    }
  } else {
    Vec pixels[Rows][Columns];
    for (int i = 0; i < Rows; ++i) {
      for (int j = 0; j < Columns; ++j) {
        pixels[i][j] = held(Vec::load(pixel + i * row_step + j * Vec::width));
      }
    }
    for (int k = 0; k < Filters; ++k) {
      const Vec one = Vec::all(weight[k]);
      for (int i = 0; i < Rows; ++i) {
        for (int j = 0; j < Columns; ++j) sum[k][i][j] = fma(pixels[i][j], one, sum[k][i][j]);
      }
    }
  }
}

// sum[k][i][j] = the convolution at row p + i, column q + j of filter k + first.
template <int Filters, int Rows, int Columns>
BRASA_INLINE void convolve(const Tiles& t, int64_t first, int64_t p, int64_t q,
                           Vec (&sum)[Filters][Rows][Columns]) {
  const Conv2dLanesShape& shape = *t.shape;
  const Window2d& win = shape.window;
  const int64_t h = p - win.pad_top, col = q - win.pad_left;  // of tap (0, 0)
  const int64_t r_begin = larger(0, -(h + Rows - 1)), r_end = smaller(win.R, shape.H - h);
  const int64_t s_begin = larger(0, -(col + Columns - 1)), s_end = smaller(win.S, shape.W - col);
  const int64_t row_step = t.row_step, w_step = shape.C * shape.K;
  for (int k = 0; k < Filters; ++k) {
    for (int i = 0; i < Rows; ++i) {
      for (int j = 0; j < Columns; ++j) sum[k][i][j] = Vec::zero();
    }
  }
  for (int64_t c = 0; c < shape.C; ++c) {
    for (int64_t r = r_begin; r < r_end; ++r) {
      const float* pixel =
          t.x + c * t.plane_step + (h + r) * row_step + (col + s_begin) * Vec::width;
      const float* weight = t.w + ((r * win.S + s_begin) * shape.C + c) * shape.K + first;
      for (int64_t s = s_begin; s < s_end; ++s, pixel += Vec::width, weight += w_step) {
        // Else GCC carries pixels from tap to tap in registers that the sums need.
        __asm__("" : "+r"(pixel));
        add_tap<Filters, Rows, Columns>(pixel, row_step, weight, sum);
      }
    }
  }
}

// The activations that are more than a bound from below, over what a row of tiles has stored.
__attribute__((noinline)) void activate_rows(const Tiles& t, int64_t first, int64_t count,
                                             int64_t row, int64_t plane, int64_t length) {
  for (int64_t k = first; k < first + count; ++k) {
    float* y = t.y + k * plane + row * length;
    for (int64_t i = 0; i < length; i += Vec::width) {
      activate(t.shape->activation, Vec::load(y + i)).store(y + i);
    }
  }
}

template <int Filters, int Columns>
void plain_tile(const Tiles& t, int64_t first, int64_t p, int64_t q) {
  Vec sum[Filters][1][Columns];
  convolve<Filters, 1, Columns>(t, first, p, q, sum);
  const Window2d& win = t.shape->window;
  const bool add = t.shape->write == Write::kAdd;
  const Vec least = Vec::all(t.least);
  float* y = t.y + ((first * win.P + p) * win.Q + q) * Vec::width;
#pragma GCC unroll 6
  for (int k = 0; k < Filters; ++k, y += win.P * win.Q * Vec::width) {
    const Vec bias = t.b == nullptr ? Vec::zero() : Vec::all(t.b[first + k]);
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) {
      const Vec v = max(least, sum[k][0][j] + bias);
      (add ? Vec::load(y + j * Vec::width) + v : v).store(y + j * Vec::width);
    }
  }
}

// Columns counts pixels before the pooling.
template <int Filters, int Columns>
void pooled_tile(const Tiles& t, int64_t first, int64_t p, int64_t q) {
  Vec sum[Filters][2][Columns];
  convolve<Filters, 2, Columns>(t, first, p, q, sum);
  const Window2d& win = t.shape->window;
  const int64_t half = win.Q / 2, plane = win.P / 2 * half * Vec::width;
  const int32_t corner = static_cast<int32_t>(p * win.Q + q), below = static_cast<int32_t>(win.Q);
  const Vec least = Vec::all(t.least);
  int64_t at = first * plane + (p / 2 * half + q / 2) * Vec::width;
#pragma GCC unroll 3
  for (int k = 0; k < Filters; ++k, at += plane) {
    const Vec bias = t.b == nullptr ? Vec::zero() : Vec::all(t.b[first + k]);
#pragma GCC unroll 2
    for (int j = 0; j < Columns; j += 2) {
      Vec best = sum[k][0][j];
      VecInt winner = VecInt::all(corner + j);
#pragma GCC unroll 3
      for (int tap = 1; tap < 4; ++tap) {
        const Vec v = sum[k][tap / 2][j + tap % 2];
        const Mask stays = (best >= v) | is_nan(best);
        best = select(stays, best, v);
        winner = select(stays, winner, VecInt::all(corner + tap / 2 * below + j + tap % 2));
      }
      max(least, best + bias).store(t.y + at + j / 2 * Vec::width);
      if (t.argmax != nullptr) winner.store(t.argmax + at + j / 2 * Vec::width);
    }
  }
}

// Columns [q, end) of row p, the last tile as narrow as it must be.
template <int Filters, int Columns>
BRASA_INLINE void plain_row(const Tiles& t, int64_t first, int64_t p, int64_t q) {
  const int64_t end = t.shape->window.Q;
  for (; q + Columns <= end; q += Columns) plain_tile<Filters, Columns>(t, first, p, q);
  if constexpr (Columns > 1) {
    if (q < end) plain_row<Filters, Columns - 1>(t, first, p, q);
  }
}

template <int Filters, int Columns>
BRASA_INLINE void pooled_row(const Tiles& t, int64_t first, int64_t p, int64_t q) {
  const int64_t end = t.shape->window.Q / 2 * 2;
  for (; q + Columns <= end; q += Columns) pooled_tile<Filters, Columns>(t, first, p, q);
  if constexpr (Columns > 2) {
    if (q < end) pooled_row<Filters, Columns - 2>(t, first, p, q);
  }
}

// `count` filters from `first` on, and these rows of y.
template <int Filters>
void filters(const Tiles& t, int64_t first, int64_t count, Range rows) {
  if (count != Filters) {
    if constexpr (Filters > 1) {
      filters<Filters == kSixFilters ? kFilters : Filters - 1>(t, first, count,
                                                               rows);  // none has 5
    }
    return;
  }
  const int64_t side = t.shape->pool ? 2 : 1;
  const int64_t P = t.shape->window.P / side, Q = t.shape->window.Q / side;
  const bool curved = t.shape->activation.kind > ActivationKind::kRelu;
  for (int64_t p = rows.begin; p < rows.end; ++p) {
    if (side == 1) {
      plain_row<Filters, columns_of(Filters)>(t, first, p, 0);
    } else if constexpr (Filters <= kPooledFilters) {
      pooled_row<Filters, pooled_columns_of(Filters)>(t, first, 2 * p, 0);
    }
    if (curved) activate_rows(t, first, Filters, p, P * Q * Vec::width, Q * Vec::width);
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
