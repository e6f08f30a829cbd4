// All groups of images, cut into tiles of filters and rows for the threads.
#pragma once

#include "cpu/isa/conv2d_lanes_tile.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Filters of a tile: as many as fit, and no tile much smaller than the others.
struct FilterTiles {
  int64_t count, K;

  BRASA_INLINE explicit FilterTiles(const Conv2dLanesShape& s)
      : count(ceil_div(s.K, filters_of(s.K, s.pool))), K(s.K) {}
  BRASA_INLINE Range tile(int64_t i) const { return part_of(K, count, i); }
};

BRASA_INLINE LaneFrame make_frame(const Conv2dLanesShape& s) {
  const Window2d& win = s.window;
  // What the padding can contribute to a tile that also meets the image; behind the image as far as the
  // last taps reach.
  const int64_t rows = s.pool ? 1 : 0, columns = crops(s) ? 0 : kMostColumns - 1;
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
             s.activation.kind == ActivationKind::kRelu ? 0.f : -INFINITY,
             crops(s)};
  int64_t loaded = -1;
  // Of 16 lanes, all filters of a row before the next row where its pixels fill half of the nearest cache:
  // they are then still there. Else the rows of a tile before the next tile: they are written one behind
  // the other.
  const bool rows_first = kManyRegisters && s.C * s.window.R * frame.row_step() > 6 << 10;
  for (const Range mine : exec.portions(s.G * P * tiles.count)) {
    for (int64_t at = mine.begin; at < mine.end; ++at) {
      const int64_t g = at / (tiles.count * P), i = at % (tiles.count * P);
      if (g != loaded) t.x = read(frame, g);
      loaded = g;
      t.y = y + g * y_group;
      t.argmax = argmax == nullptr ? nullptr : argmax + g * y_group;
      const Range k = tiles.tile(rows_first ? i % tiles.count : i / P);
      filters(t, k.begin, k.end - k.begin, rows_first ? i / tiles.count : i % P);
    }
  }
}

BRASA_INLINE int64_t frame_bytes(const Conv2dLanesShape& s, int threads, bool expands) {
  return threads * make_frame(s).floats(expands) * 4;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
