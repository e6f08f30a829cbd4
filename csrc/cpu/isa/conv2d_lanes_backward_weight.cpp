// dw[r,s,c,k] over one group of images: a tile of filters x columns of the filter in registers walks over
// the pixels; each of its vectors holds one sum per image. Groups are added up in chunks that follow from
// the shape; at the end the chunks, and then the lanes, are added in order.
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

// One tile: filters from k, columns of the filter from s, row r, channel c.
template <int Filters, int Columns>
void sum_tile(const Sums& t, int64_t k, int64_t c, int64_t r, int64_t s) {
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
      Vec slope[Filters];
      for (int i = 0; i < Filters; ++i) slope[i] = Vec::load(dy + i * dy_plane);
      for (int j = 0; j < Columns; ++j) {
        const Vec in = Vec::load(x + j * Vec::width);
        for (int i = 0; i < Filters; ++i) sum[i][j] = fma(slope[i], in, sum[i][j]);
      }
    }
  }
  for (int j = 0; j < Columns; ++j) {
    float* to = t.dw + (((r * win.S + s + j) * shape.C + c) * shape.K + k) * Vec::width;
    for (int i = 0; i < Filters; ++i, to += Vec::width) {
      (t.add ? Vec::load(to) + sum[i][j] : sum[i][j]).store(to);
    }
  }
}

// Filters [k.begin, k.end) of these columns.
template <int Columns, int Filters = filters_beside(Columns)>
void sum_filters(const Sums& t, Range k, int64_t s) {
  const Conv2dLanesShape& shape = *t.shape;
  for (; k.begin + Filters <= k.end; k.begin += Filters) {
    for (int64_t c = 0; c < shape.C; ++c) {
      for (int64_t r = 0; r < shape.window.R; ++r) {
        sum_tile<Filters, Columns>(t, k.begin, c, r, s);
      }
    }
  }
  if constexpr (Filters > 1) {
    if (k.begin < k.end) sum_filters<Columns, Filters - 1>(t, k, s);
  }
}

void sum_group(const Sums& t, Range k) {
  const int64_t S = t.shape->window.S;
  for (int64_t s = 0; s < S;) {
    const int columns = next_columns(S - s);
    switch (columns) {
      case 5: sum_filters<5>(t, k, s); break;
      case 4: sum_filters<4>(t, k, s); break;
      case 3: sum_filters<3>(t, k, s); break;
      case 2: sum_filters<2>(t, k, s); break;
      default: sum_filters<1>(t, k, s); break;
    }
    s += columns;
  }
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
  const int64_t x_group = s.C * s.H * s.W * Vec::width;
  // More threads than chunks share the filters of a chunk.
  const int64_t parts = smaller(s.K, ceil_div(exec.threads, larger(1, sizes.chunks)));
  for (const Range tasks : exec.portions(sizes.chunks * parts)) {
    for (int64_t i = tasks.begin; i < tasks.end; ++i) {
      const Range groups = part_of(s.G, sizes.chunks, i / parts);
      for (int64_t g = groups.begin; g < groups.end; ++g) {
        const float* planes = read_lane_frame(sizes.frame, x + g * x_group, buffer);
        float* expanded = buffer + sizes.frame.floats();
        const Sums sums = {&s,
                           planes,
                           sizes.frame.row_step(),
                           sizes.frame.plane_step(),
                           read_slope_frame(sizes.slope, s, dy, g, expanded),
                           copies + i / parts * sizes.copy,
                           g > groups.begin};
        sum_group(sums, part_of(s.K, parts, i % parts));
      }
    }
  }
  exec.barrier();
  add_lanes(exec, sizes, s.write, copies, dw);
}

int64_t conv2d_lanes_backward_weight_workspace(const Conv2dLanesShape& s, int threads) {
  const Scratch sizes(s);
  return 4 * (sizes.chunks * sizes.copy + threads * sizes.frame_floats());
}

void bias_gradient_lanes(const Exec& exec, const BiasGradientLanesShape& s, const float* dy,
                         float* db) {
  const Range mine = exec.share(s.K);
  for (int64_t k = mine.begin; k < mine.end; ++k) {
    Vec total = Vec::zero();
    for (int64_t g = 0; g < s.G; ++g) {
      const float* plane = dy + (g * s.K + k) * s.pixels * Vec::width;
      Vec sum[4] = {Vec::zero(), Vec::zero(), Vec::zero(), Vec::zero()};
      int64_t i = 0;
      for (; i + 4 <= s.pixels; i += 4) {
        for (int j = 0; j < 4; ++j) sum[j] = sum[j] + Vec::load(plane + (i + j) * Vec::width);
      }
      for (; i < s.pixels; ++i) sum[0] = sum[0] + Vec::load(plane + i * Vec::width);
      total = total + ((sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
    db[k] = s.write == Write::kAdd ? db[k] + sum(total) : sum(total);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
