// What becomes of the sums of a tile, and the rows that are made of tiles. The data gradient is the same
// convolution of dy, with the filters turned and their two channel axes exchanged.
#pragma once

#include <math.h>

#include "cpu/isa/activate.h"
#include "cpu/isa/conv2d_lanes_taps.h"

// With 16 registers GCC spills more of a tile that is part of a loop; with 32 there is no call for each
// tile (LeNet's first layer 7 % faster on Sapphire Rapids).
#if defined(BRASA_ISA_AVX512) || defined(BRASA_ISA_NEON)
#define BRASA_INLINE_TILE BRASA_INLINE
#else
#define BRASA_INLINE_TILE
#endif

namespace brasa::cpu::BRASA_ISA {
namespace {

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
BRASA_INLINE_TILE void plain_tile(const Strip& strip, int64_t q) {
  const Tiles& t = *strip.tiles;
  Vec sum[Filters][1][Columns];
  convolve(strip, q, sum);
  const Window2d& win = t.shape->window;
  const bool add = t.shape->write == Write::kAdd;
  const Vec least = Vec::all(t.least);
  float* y = t.y + ((strip.first * win.P + strip.p) * win.Q + q) * Vec::width;
  BRASA_UNROLL_ALL
  for (int k = 0; k < Filters; ++k, y += win.P * win.Q * Vec::width) {
    const Vec bias = t.b == nullptr ? Vec::zero() : Vec::all(t.b[strip.first + k]);
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns; ++j) {
      const Vec v = max(least, sum[k][0][j] + bias);
      (add ? Vec::load(y + j * Vec::width) + v : v).store(y + j * Vec::width);
    }
  }
}

// The greatest of four sums, the first of equal ones, and where it is.
struct Winner {
  Vec best;
  VecInt place;
};

BRASA_INLINE Winner first_greatest(const Vec (&v)[4], const VecInt (&place)[4]) {
  const Vec best = max(max(v[3], v[2]), max(v[1], v[0]));
  const VecInt below = select(best == v[2], place[2], place[3]);
  return {best, select(best == v[0], place[0], select(best == v[1], place[1], below))};
}

// The same where any of them may be NaN: the first of those wins.
BRASA_INLINE Winner first_nan_or_greatest(const Vec (&v)[4], const VecInt (&place)[4]) {
  Winner w = {v[0], place[0]};
  BRASA_UNROLL_ALL
  for (int tap = 1; tap < 4; ++tap) {
    const Mask stays = (w.best >= v[tap]) | is_nan(w.best);
    w = {select(stays, w.best, v[tap]), select(stays, w.place, place[tap])};
  }
  return w;
}

// Columns counts pixels before the pooling.
template <int Filters, int Columns>
BRASA_INLINE_TILE void pooled_tile(const Strip& strip, int64_t q) {
  const Tiles& t = *strip.tiles;
  Vec sum[Filters][2][Columns];
  convolve(strip, q, sum);
  const Window2d& win = t.shape->window;
  const int64_t half = win.Q / 2, plane = win.P / 2 * half * Vec::width;
  const int32_t corner = static_cast<int32_t>(strip.p * win.Q + q);
  const int32_t below = static_cast<int32_t>(win.Q);
  const Vec least = Vec::all(t.least);
  const int64_t at = strip.first * plane + (strip.p / 2 * half + q / 2) * Vec::width;
  const auto pool = [&](auto greatest) BRASA_INLINE_LAMBDA {
#pragma GCC unroll 2
    for (int j = 0; j < Columns; j += 2) {
      VecInt place[4];
      BRASA_UNROLL_ALL
      for (int i = 0; i < 4; ++i) place[i] = VecInt::all(corner + j + i % 2 + i / 2 * below);
      int64_t to = at + j / 2 * Vec::width;
      BRASA_UNROLL_ALL
      for (int k = 0; k < Filters; ++k, to += plane) {
        const Vec bias = t.b == nullptr ? Vec::zero() : Vec::all(t.b[strip.first + k]);
        const Vec four[4] = {sum[k][0][j], sum[k][0][j + 1], sum[k][1][j], sum[k][1][j + 1]};
        const Winner w = greatest(four, place);
        max(least, w.best + bias).store(t.y + to);
        if (t.argmax != nullptr) w.place.store(t.argmax + to);
      }
    }
  };
  // NaN if any sum is: half as many operations as comparisons would take.
  Vec any_nan = Vec::zero();
  BRASA_UNROLL_ALL
  for (int k = 0; k < Filters; ++k) {
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns; ++j) any_nan = fma(sum[k][0][j], sum[k][1][j], any_nan);
  }
  if (__builtin_expect(any(is_nan(any_nan)), 0)) {
    pool([](const Vec(&v)[4], const VecInt(&place)[4])
             BRASA_INLINE_LAMBDA { return first_nan_or_greatest(v, place); });
  } else {
    pool([](const Vec(&v)[4], const VecInt(&place)[4])
             BRASA_INLINE_LAMBDA { return first_greatest(v, place); });
  }
}

// Columns [q, end) of row p, the last tile as narrow as it must be.
template <int Filters, int Columns>
BRASA_INLINE void plain_row(const Strip& strip, int64_t q) {
  const int64_t end = strip.tiles->shape->window.Q;
  for (; q + Columns <= end; q += Columns) plain_tile<Filters, Columns>(strip, q);
  if constexpr (Columns > 1) {
    if (q < end) plain_row<Filters, Columns == kCropColumns ? 4 : Columns - 1>(strip, q);
  }
}

template <int Filters, int Columns>
BRASA_INLINE void pooled_row(const Strip& strip, int64_t q) {
  const int64_t end = strip.tiles->shape->window.Q / 2 * 2;
  for (; q + Columns <= end; q += Columns) pooled_tile<Filters, Columns>(strip, q);
  if constexpr (Columns > 2) {
    if (q < end) pooled_row<Filters, Columns - 2>(strip, q);
  }
}

// Row p of y, of `count` filters from `first` on.
template <int Filters = kMostFilters>
void filters(const Tiles& t, int64_t first, int64_t count, int64_t p) {
  if (count != Filters) {
    if constexpr (Filters > 1) filters<fewer(Filters)>(t, first, count, p);
    return;
  }
  if (!t.shape->pool) {
    plain_row<Filters, columns_of(Filters)>(Strip::of<1>(t, first, p), 0);
  } else if constexpr (Filters <= kPooledFilters) {
    pooled_row<Filters, pooled_columns_of(Filters)>(Strip::of<2>(t, first, 2 * p), 0);
  }
  if (t.shape->activation.kind > ActivationKind::kRelu) {
    const int64_t side = t.shape->pool ? 2 : 1, length = t.shape->window.Q / side * Vec::width;
    activate_rows(t, first, Filters, p, t.shape->window.P / side * length, length);
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
