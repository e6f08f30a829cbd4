// All groups of images, cut into tiles of filters and rows for the threads.
#pragma once

#include "cpu/isa/conv2d_lanes_tile.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Filters of a tile: as many as fit, and no tile much smaller than the others.
struct FilterTiles {
  int64_t count, K;

  BRASA_INLINE explicit FilterTiles(const Conv2dLanesShape& s) : K(s.K) {
    const int64_t most = s.pool ? kPooledFilters : s.K % kSixFilters == 0 ? kSixFilters : kFilters;
    count = ceil_div(s.K, most);
  }
  BRASA_INLINE Range tile(int64_t i) const { return part_of(K, count, i); }
};

BRASA_INLINE LaneFrame make_frame(const Conv2dLanesShape& s) {
  const Window2d& win = s.window;
  // What the padding can contribute to a tile that also meets the image; behind the image as far as the
  // last taps reach.
  const int64_t rows = s.pool ? 1 : 0, columns = kMostColumns - 1;
  const auto within = [](int64_t pad, int64_t most) { return larger(0, smaller(pad, most)); };
  return {s.C,
          s.H,
          s.W,
          within(win.pad_top, rows),
          within(win.P + win.R - 1 - win.pad_top - s.H, rows),
          within(win.pad_left, columns),
          within(win.Q + win.S - 1 - win.pad_left - s.W, columns)};
}

// y of all groups. read(frame, g) gives group g of x with its padding. Threads share rows of y, so that
// a single group of images keeps all of them busy.
template <class Read>
BRASA_INLINE void convolve_groups(const Exec& exec, const Conv2dLanesShape& s, const float* w,
                                  const float* b, float* y, int32_t* argmax, Read read) {
  const LaneFrame frame = make_frame(s);
  const FilterTiles tiles(s);
  const int64_t side = s.pool ? 2 : 1, P = s.window.P / side;
  const int64_t y_group = s.K * P * (s.window.Q / side) * Vec::width;
  Tiles t = {&s,
             nullptr,
             frame.row_step(),
             frame.plane_step(),
             w,
             b,
             nullptr,
             nullptr,
             s.activation.kind == ActivationKind::kRelu ? 0.f : -INFINITY};
  int64_t loaded = -1;
  for (const Range mine : exec.portions(s.G * tiles.count * P)) {
    for (int64_t at = mine.begin; at < mine.end;) {
      const int64_t tile = at / P, first = tile * P, g = tile / tiles.count;
      if (g != loaded) t.x = read(frame, g);
      loaded = g;
      t.y = y + g * y_group;
      t.argmax = argmax == nullptr ? nullptr : argmax + g * y_group;
      const Range k = tiles.tile(tile % tiles.count);
      const Range rows = {at - first, smaller(mine.end - first, P)};
      filters<kSixFilters>(t, k.begin, k.end - k.begin, rows);
      at = first + rows.end;
    }
  }
}

BRASA_INLINE int64_t frame_bytes(const Conv2dLanesShape& s, int threads, bool expands) {
  return threads * make_frame(s).floats(expands) * 4;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
