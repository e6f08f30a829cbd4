// dw[r,s,c,k] over one group of images: a tile of filters x columns of the filter in registers walks over
// the pixels; each of its vectors holds one sum per image. Groups are added up in chunks that follow from
// the shape; at the end the chunks, and then the lanes, are added in order.
#include <type_traits>

#include "cpu/isa/conv2d_lanes.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Each chunk has a copy of dw, `width` times its size.
constexpr int64_t kMostChunks = 8;

// Filters beside `columns` of the filter: 8 to 12 sums in 16 registers, up to 20 in 32.
constexpr int filters_beside(int columns) {
  const bool many = Vec::width == 16;
  return columns == 5   ? (many ? 4 : 2)
         : columns == 4 ? (many ? 5 : 3)
         : columns == 3 ? (many ? 6 : 4)
         : columns == 2 ? 6
                        : 8;
}

// Of `left` columns of the filter, those that the next tile takes.
BRASA_INLINE int next_columns(int64_t left) {
  if (left % 5 == 0) return 5;
  if (left >= 4 && left != 6) return 4;
  return left >= 3 ? 3 : static_cast<int>(left);
}

struct Sums {
  const Conv2dLanesShape* shape;
  const float* x;  // pixel (0, 0) of channel 0
  int64_t row_step, plane_step;
  const float* dy;  // of the group
  float* dw;        // (R, S, C, K) vectors
  bool add;
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

// One tile: filters from k, columns of the filter from s, row r, channel c.
template <int Filters, int Columns>
BRASA_INLINE void sum_tile(const Sums& t, int64_t k, int64_t c, int64_t r, int64_t s) {
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
    const float* dy = t.dy + k * dy_plane + p * Q * Vec::width;
    const float* x = t.x + c * t.plane_step + (p + r - win.pad_top) * t.row_step +
                     (s - win.pad_left) * Vec::width;
    for (int64_t q = 0; q < Q; ++q, dy += Vec::width, x += Vec::width) {
      // Else GCC carries x from pixel to pixel in registers that the sums need.
      __asm__("" : "+r"(x));
      add_pixel<Filters, Columns>(dy, dy_plane, x, sum);
    }
  }
  float* to = t.dw + (((r * win.S + s) * shape.C + c) * shape.K + k) * Vec::width;
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

// `count` filters from k on, for these rows of the filter.
template <int Columns, int Filters = filters_beside(Columns)>
void sum_rows(const Sums& t, int64_t k, int64_t count, Range rows, int64_t s) {
  if (count != Filters) {
    if constexpr (Filters > 1) sum_rows<Columns, Filters - 1>(t, k, count, rows, s);
    return;
  }
  for (int64_t c = 0; c < t.shape->C; ++c) {
    for (int64_t r = rows.begin; r < rows.end; ++r) sum_tile<Filters, Columns>(t, k, c, r, s);
  }
}

// Some units of these columns: a unit is one row of one tile of filters.
template <int Columns>
void sum_units(const Sums& t, Range units, int64_t s) {
  const int64_t R = t.shape->window.R, tiles = filter_tiles<Columns>(*t.shape);
  for (int64_t i = units.begin; i < units.end;) {
    const int64_t tile = i / R, first = tile * R, end = smaller(units.end, first + R);
    const Range k = part_of(t.shape->K, tiles, tile);
    sum_rows<Columns>(t, k.begin, k.end - k.begin, {i - first, end - first}, s);
    i = end;
  }
}

// f(columns of the filter as a constant, the first of them) from left to right.
template <class F>
BRASA_INLINE void each_columns(int64_t S, F f) {
  for (int64_t s = 0; s < S;) {
    const int columns = next_columns(S - s);
    switch (columns) {
      case 5: f(std::integral_constant<int, 5>(), s); break;
      case 4: f(std::integral_constant<int, 4>(), s); break;
      case 3: f(std::integral_constant<int, 3>(), s); break;
      case 2: f(std::integral_constant<int, 2>(), s); break;
      default: f(std::integral_constant<int, 1>(), s); break;
    }
    s += columns;
  }
}

int64_t units_of(const Conv2dLanesShape& s) {
  int64_t units = 0;
  each_columns(s.window.S, [&](auto columns, int64_t) {
    units += filter_tiles<decltype(columns)::value>(s) * s.window.R;
  });
  return units;
}

// Units [which.begin, which.end) of one group.
void sum_group(const Sums& t, Range which) {
  int64_t first = 0;
  each_columns(t.shape->window.S, [&](auto columns, int64_t s) {
    constexpr int kColumns = decltype(columns)::value;
    const int64_t count = filter_tiles<kColumns>(*t.shape) * t.shape->window.R;
    const Range mine = {larger(0, which.begin - first), smaller(count, which.end - first)};
    if (mine.begin < mine.end) sum_units<kColumns>(t, mine, s);
    first += count;
  });
}

struct Scratch {
  LaneFrame frame, slope;  // of x and dy
  int64_t chunks, copy;    // floats of one copy of dw
  bool pool;

  BRASA_INLINE explicit Scratch(const Conv2dLanesShape& s) {
    const Window2d& win = s.window;
    frame = {s.C, s.H, s.W, 0, 0, win.pad_left, larger(0, win.Q + win.S - 1 - win.pad_left - s.W)};
    slope = {s.K, win.P, win.Q, 0, 0, 0, 0};
    pool = s.pool;
    chunks = smaller(s.G, kMostChunks);
    copy = win.R * win.S * s.C * s.K * Vec::width;
  }
  BRASA_INLINE int64_t frame_floats() const { return frame.floats() + slope.floats(pool); }
};

// dw (+)= the copies, lane by lane and then across the lanes.
void add_lanes(const Exec& exec, const Scratch& sizes, Write write, const float* copies,
               float* dw) {
  const int64_t count = sizes.copy / Vec::width;
  const Range mine = exec.share(count, 16);
  each_piece(mine.begin, mine.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sums[Vec::width];
    for (int i = 0; i < Vec::width; ++i) {
      sums[i] = Vec::zero();
      if (i >= piece.n) continue;
      for (int64_t chunk = 0; chunk < sizes.chunks; ++chunk) {
        sums[i] = sums[i] + Vec::load(copies + chunk * sizes.copy + (piece.at + i) * Vec::width);
      }
    }
    transpose(sums);
    for (int half = Vec::width / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) sums[i] = sums[i] + sums[i + half];
    }
    store(write == Write::kAdd ? load(dw, piece) + sums[0] : sums[0], dw, piece);
  });
}

}  // namespace

void conv2d_lanes_backward_weight(const Exec& exec, const Conv2dLanesShape& s, const LanesSlope& dy,
                                  const float* x, float* dw) {
  const Scratch sizes(s);
  float* copies = reinterpret_cast<float*>(exec.scratch);
  float* buffer = copies + sizes.chunks * sizes.copy + exec.thread * sizes.frame_floats();
  float* expanded = buffer + sizes.frame.floats();
  Sums sums = {&s,      nullptr, sizes.frame.row_step(), sizes.frame.plane_step(), nullptr,
               nullptr, false};
  int64_t loaded = -1;  // the group whose frames this thread has
  const auto sum_chunk = [&](int64_t chunk, Range units) {
    const Range groups = part_of(s.G, sizes.chunks, chunk);
    sums.dw = copies + chunk * sizes.copy;
    for (int64_t g = groups.begin; g < groups.end; ++g) {
      if (g != loaded) {
        sums.x = read_lane_frame(sizes.frame, x + g * s.C * s.H * s.W * Vec::width, buffer);
        sums.dy = read_slope_frame(sizes.slope, s, dy, g, expanded);
      }
      loaded = g;
      sums.add = g > groups.begin;
      sum_group(sums, units);
    }
  };
  // Chunks of one group are handed out by units. In longer ones each piece would read all frames
  // again: they are divided only where there are more threads than chunks.
  const int64_t units = units_of(s), parts = ceil_div(exec.threads, larger(1, sizes.chunks));
  const int64_t grain = s.G <= sizes.chunks ? 1 : ceil_div(units, parts);
  for (const Range mine : exec.portions(sizes.chunks * units, grain, grain)) {
    for (int64_t at = mine.begin; at < mine.end;) {
      const int64_t chunk = at / units, first = chunk * units;
      const int64_t end = smaller(mine.end, first + units);
      sum_chunk(chunk, {at - first, end - first});
      at = end;
    }
  }
  exec.barrier();
  add_lanes(exec, sizes, s.write, copies, dw);
}

int64_t conv2d_lanes_backward_weight_workspace(const Conv2dLanesShape& s, int threads) {
  const Scratch sizes(s);
  return 4 * (sizes.chunks * sizes.copy + threads * sizes.frame_floats());
}

}  // namespace brasa::cpu::BRASA_ISA
