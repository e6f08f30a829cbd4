// The weight gradient of one group of images: a tile of filters x columns of the filter in registers walks
// over the pixels; each of its vectors holds one sum per image.
#pragma once

#include "cpu/isa/conv2d_lanes.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Filters beside `columns` of the filter: 8 to 12 sums in 16 registers, up to 20 in 32.
constexpr int kMostFilters = 8;
constexpr int filters_beside(int columns) {
  const bool many = Vec::width == 16;
  return columns == 5   ? (many ? 4 : 2)
         : columns == 4 ? (many ? 5 : 3)
         : columns == 3 ? (many ? 6 : 4)
         : columns == 2 ? 6
                        : kMostFilters;
}

// Of `left` columns of the filter, those that the next tile takes.
BRASA_INLINE int next_columns(int64_t left) {
  if (left % 5 == 0) return 5;
  if (left >= 4 && left != 6) return 4;
  return left >= 3 ? 3 : static_cast<int>(left);
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

  const float* dy;     // the planes of these filters,
  int64_t shown = -1;  // of this group
  Range filters = {0, 0};

  // Expanding dy tile by tile, where the pooling is a part of the convolution, keeps it in a near cache.
  void show(Range which) {
    if (shown == group && filters.begin == which.begin && filters.end == which.end) return;
    dy = read_slope_frame(slope, *shape, all_dy, group, which, dy_buffer);
    shown = group, filters = which;
  }
};

// One pixel of dy beside those of x that its columns meet. The fewer of both stay in registers.
template <int Filters, int Columns>
BRASA_INLINE void add_pixel(const float* dy, int64_t dy_plane, const float* x,
                            Vec (&sum)[Filters][Columns]) {
  if constexpr (Filters <= Columns) {
    Vec slope[Filters];
    for (int i = 0; i < Filters; ++i) slope[i] = held(Vec::load(dy + i * dy_plane));
    for (int j = 0; j < Columns; ++j) {
      const Vec in = held(Vec::load(x + j * Vec::width));
      for (int i = 0; i < Filters; ++i) sum[i][j] = fma(slope[i], in, sum[i][j]);
    }
  } else {
    Vec in[Columns];
    for (int j = 0; j < Columns; ++j) in[j] = held(Vec::load(x + j * Vec::width));
    for (int i = 0; i < Filters; ++i) {
      const Vec slope = held(Vec::load(dy + i * dy_plane));
      for (int j = 0; j < Columns; ++j) sum[i][j] = fma(slope, in[j], sum[i][j]);
    }
  }
}

// One tile: the filters shown, columns of the filter from s, row r, channel c.
template <int Filters, int Columns>
BRASA_INLINE void sum_tile(const Sums& t, int64_t c, int64_t r, int64_t s) {
  const Conv2dLanesShape& shape = *t.shape;
  const Window2d& win = shape.window;
  const int64_t Q = win.Q, dy_plane = win.P * Q * Vec::width;
  const int64_t p_begin = larger(0, win.pad_top - r);
  const int64_t p_end = smaller(win.P, shape.H + win.pad_top - r);
  Vec sum[Filters][Columns];
  for (int i = 0; i < Filters; ++i) {
    for (int j = 0; j < Columns; ++j) sum[i][j] = Vec::zero();
  }
  for (int64_t p = p_begin; p < p_end; ++p) {
    const float* dy = t.dy + p * Q * Vec::width;
    const float* x = t.x + c * t.frame.plane_step() + (p + r - win.pad_top) * t.frame.row_step() +
                     (s - win.pad_left) * Vec::width;
    for (int64_t q = 0; q < Q; ++q, dy += Vec::width, x += Vec::width) {
      // Else GCC carries x from pixel to pixel in registers that the sums need.
      __asm__("" : "+r"(x));
      add_pixel<Filters, Columns>(dy, dy_plane, x, sum);
    }
  }
  float* to = t.dw + (((r * win.S + s) * shape.C + c) * shape.K + t.filters.begin) * Vec::width;
  const int64_t column_step = shape.C * shape.K * Vec::width;
#pragma GCC unroll 5
  for (int j = 0; j < Columns; ++j, to += column_step) {
#pragma GCC unroll 8
    for (int i = 0; i < Filters; ++i) {
      float* at = to + i * Vec::width;
      (t.add ? Vec::load(at) + sum[i][j] : sum[i][j]).store(at);
    }
  }
}

template <int Columns>
int64_t filter_tiles(const Conv2dLanesShape& s) {
  return ceil_div(s.K, filters_beside(Columns));
}

// The filters shown, for these rows of the filter.
template <int Columns, int Filters = filters_beside(Columns)>
void sum_rows(const Sums& t, Range rows, int64_t s) {
  if (t.filters.end - t.filters.begin != Filters) {
    if constexpr (Filters > 1) sum_rows<Columns, Filters - 1>(t, rows, s);
    return;
  }
  for (int64_t c = 0; c < t.shape->C; ++c) {
    for (int64_t r = rows.begin; r < rows.end; ++r) sum_tile<Filters, Columns>(t, c, r, s);
  }
}

// Some units of these columns: a unit is one row of one tile of filters.
template <int Columns>
void sum_units(Sums& t, Range units, int64_t s) {
  const int64_t R = t.shape->window.R, tiles = filter_tiles<Columns>(*t.shape);
  for (int64_t i = units.begin; i < units.end;) {
    const int64_t tile = i / R, first = tile * R, end = smaller(units.end, first + R);
    t.show(part_of(t.shape->K, tiles, tile));
    sum_rows<Columns>(t, {i - first, end - first}, s);
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
