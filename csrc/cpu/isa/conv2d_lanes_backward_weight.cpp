// dw[r,s,c,k]: groups of images are added up in chunks that follow from the shape; at the end the chunks, and
// then the lanes, are added in order.
#include "cpu/isa/conv2d_lanes_weight_tile.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/lane_sums.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Each chunk has a copy of dw, `width` times its size.
constexpr int64_t kMostChunks = 8;

struct Scratch {
  LaneFrame frame, slope;  // of x, and of dy of one tile
  int64_t chunks, copy;    // floats of one copy of dw
  bool pool;

  BRASA_INLINE explicit Scratch(const Conv2dLanesShape& s) {
    const Window2d& win = s.window;
    frame = {s.C, s.H, s.W, 0, 0, win.pad_left, larger(0, win.Q + win.S - 1 - win.pad_left - s.W)};
    slope = {smaller(s.K, kMostFilters), win.P, win.Q, 0, 0, 0, 0};
    pool = s.pool;
    chunks = smaller(s.G, kMostChunks);
    copy = win.R * win.S * s.C * s.K * Vec::width;
  }
  BRASA_INLINE int64_t frame_floats() const { return frame.floats() + slope.floats(pool); }
};

}  // namespace

void conv2d_lanes_backward_weight(const Exec& exec, const Conv2dLanesShape& s, const LanesSlope& dy,
                                  const float* x, float* dw) {
  const Scratch sizes(s);
  float* copies = reinterpret_cast<float*>(exec.scratch);
  Sums sums = {};
  sums.shape = &s, sums.all_dy = dy;
  sums.frame = sizes.frame, sums.slope = sizes.slope;
  sums.x_buffer = copies + sizes.chunks * sizes.copy + exec.thread * sizes.frame_floats();
  sums.dy_buffer = sums.x_buffer + sizes.frame.floats();
  int64_t loaded = -1;  // the group whose frame of x this thread has
  const auto sum_chunk = [&](int64_t chunk, Range units) {
    const Range groups = part_of(s.G, sizes.chunks, chunk);
    sums.dw = copies + chunk * sizes.copy;
    for (int64_t g = groups.begin; g < groups.end; ++g) {
      if (g != loaded) {
        sums.x = read_lane_frame(sizes.frame, x + g * s.C * s.H * s.W * Vec::width, sums.x_buffer);
      }
      loaded = g;
      sums.group = g, sums.add = g > groups.begin;
      sum_group(sums, units);
    }
  };
  // Chunks of one group are handed out by tiles, each of which expands dy, or by rows of tiles where tiles
  // would leave threads without work. In longer ones each piece would read all frames again: they are
  // divided only where there are more threads than chunks.
  const int64_t units = units_of(s), parts = ceil_div(exec.threads, larger(1, sizes.chunks));
  const int64_t tiles = sizes.chunks * units / s.window.R;
  const bool by_tiles = tiles % exec.threads == 0 || tiles >= 4 * exec.threads;
  const int64_t grain = s.G > sizes.chunks ? ceil_div(units, parts) : by_tiles ? s.window.R : 1;
  for (const Range mine : exec.portions(sizes.chunks * units, grain, grain)) {
    for (int64_t at = mine.begin; at < mine.end;) {
      const int64_t chunk = at / units, first = chunk * units;
      const int64_t end = smaller(mine.end, first + units);
      sum_chunk(chunk, {at - first, end - first});
      at = end;
    }
  }
  exec.barrier();
  add_lanes(exec, sizes.copy / Vec::width, sizes.chunks, s.write, copies, dw);
}

int64_t conv2d_lanes_backward_weight_workspace(const Conv2dLanesShape& s, int threads) {
  const Scratch sizes(s);
  return 4 * (sizes.chunks * sizes.copy + threads * sizes.frame_floats());
}

}  // namespace brasa::cpu::BRASA_ISA
