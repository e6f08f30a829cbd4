// The weight gradient of one group of images: a tile of filters x columns of the filter in registers walks
// over the pixels; each of its vectors holds one sum per image.
#pragma once

#include "cpu/isa/conv2d_lanes.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Filters beside `columns` of the filter: 8 to 12 sums in 16 registers, up to 20 in 32.
constexpr int kMostFilters = 8;
constexpr int filters_beside(int columns) {
  return columns == 5   ? (kManyRegisters ? 4 : 2)
         : columns == 4 ? (kManyRegisters ? 5 : 3)
         : columns == 3 ? (kManyRegisters ? 6 : 4)
         : columns == 2 ? 6
                        : kMostFilters;
}

// Of `left` columns of the filter, those that the next tile takes.
BRASA_INLINE int next_columns(int64_t left) {
  if (left % 5 == 0) return 5;
  if (left >= 4 && left != 6) return 4;
  return left >= 3 ? 3 : static_cast<int>(left);
}

// Rows of dy that all rows of the filter meet before the next ones, an even number for the pooling: with
// those of x they stay in the nearest cache (LeNet's first layer on Sapphire Rapids in GF/s: 4 rows of 28
// 105, 2 101, all of them 94). Narrower vectors make smaller planes: all at once.
BRASA_INLINE int64_t rows_at_once(const Conv2dLanesShape& s) {
  constexpr int64_t kNearFloats = 8000;  // 31 KB
  const int64_t row = s.window.Q * filters_beside(5) * Vec::width;
  return Vec::width == 16 ? larger(2, kNearFloats / row / 2 * 2) : s.window.P;
}

struct Sums {
  const Conv2dLanesShape* shape;
  LanesSlope all_dy;
  LaneFrame frame, slope;  // of x, and of dy of one tile
  float *x_buffer, *dy_buffer;

  int64_t group;
  float* dw;       // (R, S, C, K) vectors
  bool add;        // to dw
  const float* x;  // pixel (0, 0) of channel 0

  const float* dy;     // these rows of the planes of these filters,
  int64_t dy_plane;    // a plane's size,
  int64_t shown = -1;  // of this group
  Range filters = {0, 0}, rows = {0, 0};

  // Expanding dy tile by tile, where the pooling is a part of the convolution, keeps it in a near cache.
  void show(Range these, Range of) {
    if (shown == group && filters.begin == these.begin && filters.end == these.end &&
        rows.begin == of.begin && rows.end == of.end) {
      return;
    }
    dy = read_slope_frame(slope, *shape, all_dy, group, these, of, dy_buffer);
    dy_plane = (shape->pool ? of.end - of.begin : shape->window.P) * shape->window.Q * Vec::width;
    shown = group, filters = these, rows = of;
  }
};

// One pixel of dy beside those of x that its columns meet. The fewer of both stay in registers.
template <int Filters, int Columns>
BRASA_INLINE void add_pixel(const float* dy, int64_t dy_plane, const float* x,
                            Vec (&sum)[Filters][Columns]) {
  if constexpr (Filters <= Columns) {
    Vec slope[Filters];
    BRASA_UNROLL_ALL
    for (int i = 0; i < Filters; ++i) slope[i] = held(Vec::load(dy + i * dy_plane));
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns; ++j) {
      const Vec in = held(Vec::load(x + j * Vec::width));
      BRASA_UNROLL_ALL
      for (int i = 0; i < Filters; ++i) sum[i][j] = fma(slope[i], in, sum[i][j]);
    }
  } else {
    Vec in[Columns];
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns; ++j) in[j] = held(Vec::load(x + j * Vec::width));
    BRASA_UNROLL_ALL
    for (int i = 0; i < Filters; ++i) {
      const Vec slope = held(Vec::load(dy + i * dy_plane));
      BRASA_UNROLL_ALL
      for (int j = 0; j < Columns; ++j) sum[i][j] = fma(slope, in[j], sum[i][j]);
    }
  }
}

// As many pixels as there are columns, where each x is loaded once and then slides through the columns: `in`
// holds x of the pixel to come and of all but the last of its columns, in a ring.
template <int Filters, int Columns>
BRASA_INLINE void add_pixels(const float* dy, int64_t dy_plane, const float* x, Vec (&in)[Columns],
                             Vec (&sum)[Filters][Columns]) {
  BRASA_UNROLL_ALL
  for (int q = 0; q < Columns; ++q) {
    in[(q + Columns - 1) % Columns] = held(Vec::load(x + (q + Columns - 1) * Vec::width));
    const float* slopes = dy + q * Vec::width;
    BRASA_UNROLL_ALL
    for (int i = 0; i < Filters; ++i, slopes += dy_plane) {
      const Vec slope = held(Vec::load(slopes));
      BRASA_UNROLL_ALL
      for (int j = 0; j < Columns; ++j) sum[i][j] = fma(slope, in[(q + j) % Columns], sum[i][j]);
    }
  }
}

// All pixels of one row of dy.
template <int Filters, int Columns>
BRASA_INLINE void add_pixel_row(const float* dy, int64_t dy_plane, const float* x, int64_t Q,
                                Vec (&sum)[Filters][Columns]) {
  int64_t q = 0;
  if constexpr (kManyRegisters && Columns > 2) {
    Vec in[Columns];
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns - 1; ++j) in[j] = held(Vec::load(x + j * Vec::width));
    constexpr int64_t kStep = Columns * Vec::width;
    for (; q + Columns <= Q; q += Columns, dy += kStep, x += kStep) {
      add_pixels<Filters, Columns>(dy, dy_plane, x, in, sum);
    }
  }
  for (; q < Q; ++q, dy += Vec::width, x += Vec::width) {
    // Else GCC carries x from pixel to pixel in registers that the sums need.
    __asm__("" : "+r"(x));
    add_pixel<Filters, Columns>(dy, dy_plane, x, sum);
  }
}

// One tile: the filters shown, columns of the filter from s, row r, channel c.
template <int Filters, int Columns>
BRASA_INLINE void sum_tile(const Sums& t, int64_t c, int64_t r, int64_t s, bool add) {
  const Conv2dLanesShape& shape = *t.shape;
  const Window2d& win = shape.window;
  const int64_t Q = win.Q;
  const int64_t p_begin = larger(t.rows.begin, win.pad_top - r);
  const int64_t p_end = smaller(t.rows.end, shape.H + win.pad_top - r);
  Vec sum[Filters][Columns];
  BRASA_UNROLL_ALL
  for (int i = 0; i < Filters; ++i) {
    BRASA_UNROLL_ALL
    for (int j = 0; j < Columns; ++j) sum[i][j] = Vec::zero();
  }
  for (int64_t p = p_begin; p < p_end; ++p) {
    const float* dy = t.dy + (p - t.rows.begin) * Q * Vec::width;
    const float* x = t.x + c * t.frame.plane_step() + (p + r - win.pad_top) * t.frame.row_step() +
                     (s - win.pad_left) * Vec::width;
    add_pixel_row<Filters, Columns>(dy, t.dy_plane, x, Q, sum);
  }
  float* to = t.dw + (((r * win.S + s) * shape.C + c) * shape.K + t.filters.begin) * Vec::width;
  const int64_t column_step = shape.C * shape.K * Vec::width;
  BRASA_UNROLL_ALL
  for (int j = 0; j < Columns; ++j, to += column_step) {
    BRASA_UNROLL_ALL
    for (int i = 0; i < Filters; ++i) {
      float* at = to + i * Vec::width;
      (add ? Vec::load(at) + sum[i][j] : sum[i][j]).store(at);
    }
  }
}

template <int Columns>
int64_t filter_tiles(const Conv2dLanesShape& s) {
  return ceil_div(s.K, filters_beside(Columns));
}

// The filters shown, for these rows of the filter.
template <int Columns, int Filters = filters_beside(Columns)>
void sum_rows(const Sums& t, Range rows, int64_t s, bool add) {
  if (t.filters.end - t.filters.begin != Filters) {
    if constexpr (Filters > 1) sum_rows<Columns, Filters - 1>(t, rows, s, add);
    return;
  }
  for (int64_t c = 0; c < t.shape->C; ++c) {
    for (int64_t r = rows.begin; r < rows.end; ++r) sum_tile<Filters, Columns>(t, c, r, s, add);
  }
}

// Some units of these columns: a unit is one row of one tile of filters.
template <int Columns>
void sum_units(Sums& t, Range units, int64_t s) {
  const int64_t R = t.shape->window.R, P = t.shape->window.P;
  const int64_t tiles = filter_tiles<Columns>(*t.shape), block = rows_at_once(*t.shape);
  for (int64_t i = units.begin; i < units.end;) {
    const int64_t tile = i / R, first = tile * R, end = smaller(units.end, first + R);
    const Range filters = part_of(t.shape->K, tiles, tile);
    for (int64_t p = 0; p < P; p += block) {
      t.show(filters, {p, smaller(P, p + block)});
      sum_rows<Columns>(t, {i - first, end - first}, s, t.add || p > 0);
    }
    i = end;
  }
}

template <int Count>
struct Columns {
  static constexpr int count = Count;
};

// f(Columns, the first of them) from left to right.
template <class F>
BRASA_INLINE void each_columns(int64_t S, F f) {
  for (int64_t s = 0; s < S;) {
    const int columns = next_columns(S - s);
    switch (columns) {
      case 5: f(Columns<5>(), s); break;
      case 4: f(Columns<4>(), s); break;
      case 3: f(Columns<3>(), s); break;
      case 2: f(Columns<2>(), s); break;
      default: f(Columns<1>(), s); break;
    }
    s += columns;
  }
}

int64_t units_of(const Conv2dLanesShape& s) {
  int64_t units = 0;
  each_columns(s.window.S, [&](auto columns, int64_t) {
    units += filter_tiles<decltype(columns)::count>(s) * s.window.R;
  });
  return units;
}

// Units [which.begin, which.end) of one group.
void sum_group(Sums& t, Range which) {
  int64_t first = 0;
  each_columns(t.shape->window.S, [&](auto columns, int64_t s) {
    constexpr int kColumns = decltype(columns)::count;
    const int64_t count = filter_tiles<kColumns>(*t.shape) * t.shape->window.R;
    const Range mine = {larger(0, which.begin - first), smaller(count, which.end - first)};
    if (mine.begin < mine.end) sum_units<kColumns>(t, mine, s);
    first += count;
  });
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
