// The operands of taps_transposed.cpp: how a unit of both lies in memory, and 32 numbers of either as pairs.
#pragma once

#include "cpu/tiles/image.h"
#include "cpu/tiles/split.h"
#include "cpu/tiles/taps.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// One unit of both operands, in bytes: a as [plane][panel of 32 channels][32 pixels][part][two tiles], dy as
// [panel of 32 filters][odd][part][16 filters][pair], a mark for each panel. There are pairs of zeros before
// the first output and after the last.
struct Layout {
  int64_t panels_a, panels_b, blocks, pad;  // pad: pairs
  int64_t panel_a, plane, column, panel_b;  // bytes; a column is 16 filters' pairs
  int64_t a, b, bytes;

  Layout(const Product& p, const Grid& grid, int parts)
      : panels_a(grid.steps),
        panels_b(tiles_up(p.n)),
        blocks(tiles_up(grid.plane_pixels())),
        pad((grid.down.reach * grid.across.length + grid.across.reach) / 2 + 1),
        panel_a(blocks * parts * 2048),
        plane(panels_a * panel_a),
        // An odd number of cache lines: tiles side by side lie in different sets.
        column(((blocks * 16 + pad) | 1) * kRowBytes),
        panel_b(2 * parts * 2 * column),
        a(grid.planes * plane),
        b(panels_b * panel_b),
        bytes((a + b + panels_a + panels_b + 63) / 64 * 64) {}
};

// What three parts do not hold and, for one, what is not finite: it would spoil the zeros of dy that stand
// where there is no output.
template <int Parts>
BRASA_INLINE Mask marked(Vec x) {
  return Parts == 3 ? unsafe_in(x) : ~(abs(x) < Vec::all(0x1.FFp127f));
}

// 32 numbers of a plane: where their channels are, or null.
struct Pointers {
  const float* at[32];
};

// 16 channels of 32 numbers, as pairs of numbers: tile[part][pair][channel]. `ahead` comes next: 32 streams at
// once are more than the hardware foresees.
template <int Parts>
BRASA_INLINE Mask split_pairs(const Pointers& from, const Pointers& ahead, int64_t c,
                              int64_t channels, Vec (*tile)[16]) {
  Mask found = Mask::first(0);
  for (int i = 0; i < 16; ++i) {
    const float *first = from.at[2 * i], *second = from.at[2 * i + 1];
    if (ahead.at[2 * i] != nullptr) __builtin_prefetch(ahead.at[2 * i] + c);
    if (ahead.at[2 * i + 1] != nullptr) __builtin_prefetch(ahead.at[2 * i + 1] + c);
    Vec even = first != nullptr ? load_up_to(first, c, channels) : Vec::zero();
    Vec odd = second != nullptr ? load_up_to(second, c, channels) : Vec::zero();
    found = found | marked<Parts>(even) | marked<Parts>(odd);
    for (int part = 0; part < Parts; ++part) {
      const Bf16 one = next_part(&even), two = next_part(&odd);
      store_pairs(one, two, tile[part] + i);
    }
  }
  return found;
}

// Pixels from `first` on of a plane.
inline Pointers pixels_of(const Product& p, const Grid& grid, const Unit& unit, int64_t plane,
                          int64_t first) {
  const Patches& g = *p.a.patches;
  const int64_t rows = grid.rows(), columns = grid.across.length;
  int64_t column = first % columns, row = first / columns % rows;
  int64_t n = unit.first + first / columns / rows;
  Pointers to;
  for (const float*& one : to.at) {
    const int64_t h = grid.down.low + plane / grid.across.step + (unit.row + row) * grid.down.step;
    const int64_t w = grid.across.low + plane % grid.across.step + column * grid.across.step;
    const bool is = n < unit.end && h >= 0 && h < g.H && w >= 0 && w < g.W;
    one = is ? p.a.data + n * g.image_step + h * g.row_step + w * g.column_step : nullptr;
    if (++column < columns) continue;
    column = 0;
    if (++row == rows) row = 0, ++n;
  }
  return to;
}

// Outputs from `first` on, -1 at least.
inline Pointers outputs_of(const Product& p, const Grid& grid, const Unit& unit, const float* dy,
                           int64_t first) {
  const Patches& g = *p.a.patches;
  const bool before = first < 0;
  if (before) ++first;
  const int64_t rows = grid.rows(), columns = grid.across.length;
  int64_t q = first % columns, row = first / columns % rows;
  int64_t n = unit.first + first / columns / rows;
  Pointers to;
  to.at[0] = nullptr;
  for (int i = before ? 1 : 0; i < 32; ++i) {
    const bool is = n < unit.end && row < unit.last - unit.row && q < g.Q;
    to.at[i] = is ? dy + ((n * g.P + unit.row + row) * g.Q + q) * p.n : nullptr;
    if (++q < columns) continue;
    q = 0;
    if (++row == rows) row = 0, ++n;
  }
  return to;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
