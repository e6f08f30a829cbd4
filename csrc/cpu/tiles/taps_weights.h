// The weights of taps.cpp: packed once for all taps, by all threads.
#pragma once

#include "cpu/tiles/image.h"
#include "cpu/tiles/taps.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// b for all taps: panels of 32 columns, [tap][32 channels] of each; then the units of the threads.
struct Layout {
  int64_t panels, panel, packed, unit;  // bytes, but for the first

  Layout(const Product& p, const Grid& grid, int parts)
      : panels(tiles_up(p.n)),
        panel(grid.taps * grid.steps * parts * 2048),
        packed((panels * (panel + grid.taps * blocks_of_channels(p)) + 63) / 64 * 64),
        unit(grid.bytes()) {}
  static int64_t blocks_of_channels(const Product& p) {
    return ceil_div(p.a.patches->channels, kMostSum);
  }
  int64_t bytes(int threads) const { return packed + threads * unit; }
};

// Every thread packs the panels' taps that are its own; `marks` has an entry for each panel of each of them.
void pack_taps(const Exec& exec, const Product& p, const Grid& grid, const Layout& layout,
               int parts, char* to, uint8_t* marks) {
  const int64_t blocks = Layout::blocks_of_channels(p), channels = p.a.patches->channels;
  const Range mine = exec.share(grid.taps * blocks);
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    const int64_t begin = i % blocks * kMostSum, end = smaller(channels, begin + kMostSum);
    const int64_t tap = i / blocks;
    const Range sum = {tap * channels + begin, tap * channels + end};
    pack(p.b, Side::kB, parts, {0, p.n}, sum, layout.panel,
         to + (tap * grid.steps + begin / 32) * parts * 2048, marks + i * layout.panels);
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
