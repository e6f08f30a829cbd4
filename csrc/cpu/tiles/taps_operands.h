// The operands of taps_transposed.cpp: how a unit of both lies in memory, and how it comes there.
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

  Layout(const Grid& grid, int parts, int64_t panels_of_filters)
      : panels_a(grid.steps),
        panels_b(panels_of_filters),
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

// Outputs from `first` on.
inline Pointers outputs_of(const Product& p, const Grid& grid, const Unit& unit, const float* dy,
                           int64_t first) {
  const Patches& g = *p.a.patches;
  const int64_t rows = grid.rows(), columns = grid.across.length;
  int64_t q = first % columns, row = first / columns % rows;
  int64_t n = unit.first + first / columns / rows;
  Pointers to;
  for (const float*& one : to.at) {
    const bool is = n < unit.end && row < unit.last - unit.row && q < g.Q;
    one = is ? dy + ((n * g.P + unit.row + row) * g.Q + q) * p.n : nullptr;
    if (++q < columns) continue;
    q = 0;
    if (++row == rows) row = 0, ++n;
  }
  return to;
}

// A unit of x, whose tiles have a row for each channel: 32 neighbouring pixels.
template <int Parts>
void fill_source(const Product& p, const Grid& grid, const Unit& unit, const Layout& layout,
                 char* to, uint8_t* marks) {
  const int64_t channels = p.a.patches->channels;
  memset(marks, 0, static_cast<size_t>(layout.panels_a));
  for (int64_t plane = 0; plane < grid.planes; ++plane, to += layout.plane) {
    Pointers ahead = pixels_of(p, grid, unit, plane, 0);
    for (int64_t at = 0; at < layout.blocks; ++at) {
      const Pointers from = ahead;
      ahead = pixels_of(p, grid, unit, plane, at * 32 + 32);
      for (int64_t c = 0; c < layout.panels_a * 32; c += 16) {
        Vec tile[Parts][16];
        if (any(split_pairs<Parts>(from, ahead, c, channels, tile))) marks[c / 32] = 1;
        char* rows = to + c / 32 * layout.panel_a + at * Parts * 2048 + c % 32 * kRowBytes;
        for (int part = 0; part < Parts; ++part, rows += 2048) {
          transpose(tile[part]);
          for (int i = 0; i < 16; ++i)
            tile[part][i].store(reinterpret_cast<float*>(rows + i * kRowBytes));
        }
      }
    }
  }
}

// 16 pairs of 16 filters, and as many that begin one output earlier: halves of the pairs at hand. `to` lies
// behind the pairs before.
inline void store_both(const Vec (&pairs)[16], char* to, char* to_odd) {
  const auto row = [](char* at) { return reinterpret_cast<int32_t*>(at); };
  VecInt before = VecInt::load(row(to - kRowBytes));
  for (int i = 0; i < 16; ++i) {
    const VecInt pair = as_int(pairs[i]);
    pair.store(row(to + i * kRowBytes));
    (shift_right_zero(before, 16) | pair << 16).store(row(to_odd + i * kRowBytes));
    before = pair;
  }
}

// Some panels of a unit of dy, whose tiles have a row for each pair of outputs.
template <int Parts>
void fill_outputs(const Product& p, const Grid& grid, const Unit& unit, const Layout& layout,
                  const float* dy, Range panels, char* to, uint8_t* marks) {
  const int64_t count = panels.end - panels.begin, odd = Parts * 2 * layout.column;
  memset(marks, 0, static_cast<size_t>(count));
  for (int64_t i = 0; i < count * 4 * Parts; ++i)
    memset(to + i * layout.column, 0, static_cast<size_t>(layout.pad * kRowBytes));
  Pointers ahead = outputs_of(p, grid, unit, dy, 0);
  for (int64_t at = 0; at < layout.blocks; ++at) {
    const Pointers from = ahead;
    ahead = outputs_of(p, grid, unit, dy, at * 32 + 32);
    for (int64_t k = 0; k < count * 32; k += 16) {
      Vec tile[Parts][16];
      if (any(split_pairs<Parts>(from, ahead, panels.begin * 32 + k, p.n, tile))) marks[k / 32] = 1;
      char* pairs = to + k / 32 * layout.panel_b + k % 32 / 16 * layout.column +
                    (layout.pad + at * 16) * kRowBytes;
      for (int part = 0; part < Parts; ++part, pairs += 2 * layout.column)
        store_both(tile[part], pairs, pairs + odd);
    }
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
