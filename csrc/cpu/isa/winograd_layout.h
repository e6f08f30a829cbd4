// Sizes and memory of the forward pass and the data gradient.
//
// The sum over channels is cut into blocks, and what belongs to one block lies together: the transformed
// tiles of a block at one frequency are one stretch of memory, row after row, and so are the filters of a
// group, packed. Blocks are frequency_step() apart for each frequency, and 36 of those from block to block.
#pragma once

#include "cpu/isa/winograd_filters.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Floats of one block of tiles: transformed input, and products with one block of filters. From 40 and
// 24 to 256 and 128 Ki measured within the noise, 5 %: beside a third-level cache of 32 MiB.
constexpr int64_t kInputFloats = 96 * 1024, kProductFloats = 96 * 1024;
constexpr int64_t kLeastTiles = 4 * kTileRows;

// Where filters go by, all transformed tiles are read once for each group of them, from a far cache: a
// group is two panels, if its products and filters (of one block of channels) then fit the second-level
// cache together, 1.1 MiB each with 16 lanes, half of that with 8. (512@7 with 8 lanes on Sapphire Rapids:
// panels alone 37 ms, two 26, four 24, which would be too much for the 512 KiB of others.)
constexpr int64_t kGroupPanels = 2;
constexpr int64_t kGroupProducts = kFrequencies * 128 * kGroupPanels * kPanel;

struct Layout {
  TileGrid grid;
  bool tiles_first;
  int64_t blocks;                        // of the channels
  int64_t tiles, filters;                // that are multiplied at once; whole panels of filters
  int64_t x_row, x_step, m_row, m_step;  // from tile to tile, from frequency to frequency
  int64_t group, w_step;                 // filters that are packed together
  int64_t w_scratch;                     // none where the filters come transformed

  BRASA_INLINE explicit Layout(const TiledConv& t) : grid(grid_of(t)) {
    blocks = tile_sum_blocks(t.C);
    const int64_t sum = ceil_div(t.C, blocks);
    x_row = round_up(sum, Vec::width);
    tiles_first = grid.total < t.K;
    tiles =
        larger(kLeastTiles, kInputFloats / (kFrequencies * blocks * x_row) / kTileRows * kTileRows);
    if (tiles_first || tiles > grid.total) tiles = larger(1, grid.total);
    const int64_t at_once =
        tiles_first
            ? larger(1, smaller(kGroupPanels, kGroupProducts / (kFrequencies * tiles * kPanel)))
            : larger(2, kProductFloats / (kFrequencies * tiles) / kPanel);
    filters = smaller(padded_columns(t.K), at_once * kPanel);
    group = tiles_first ? filters : t.K;
    m_row = filters;
    x_step = frequency_step(tiles * x_row);
    m_step = frequency_step(tiles * m_row);
    w_step = frequency_step(packed_size(sum, group));
    w_scratch = t.transformed ? 0 : kFrequencies * w_step * (tiles_first ? 1 : blocks);
  }
  // From one block of channels to the next.
  BRASA_INLINE int64_t x_block() const { return kFrequencies * x_step; }
  BRASA_INLINE int64_t w_block() const { return kFrequencies * w_step; }

  BRASA_INLINE int64_t shared_floats() const {
    return round_up(tiles_first ? blocks * x_block() : w_scratch, 16);
  }
  BRASA_INLINE int64_t own_floats() const {
    return kFrequencies * m_step + (tiles_first ? w_scratch : blocks * x_block());
  }
  BRASA_INLINE int64_t thread_bytes(const TiledConv& t) const {
    return round_up((own_floats() + round_up(t.C, 16)) * 4 + (2 * tiles + kBlockSum) * 8, 64);
  }
};

// The transformed operands, one of them shared, and one thread's other buffers.
struct Buffers {
  float *x, *w, *m, *zeros;  // w: to write into
  int64_t *x_row, *x_column, *m_row;

  BRASA_INLINE Buffers(const Exec& exec, const Layout& l, const TiledConv& t) {
    float* const shared = reinterpret_cast<float*>(exec.scratch);
    m = shared + l.shared_floats() + exec.thread * (l.thread_bytes(t) / 4);
    float* own = m + kFrequencies * l.m_step;
    x = l.tiles_first ? shared : own;
    w = l.tiles_first ? own : shared;
    zeros = m + l.own_floats();
    x_row = reinterpret_cast<int64_t*>(zeros + round_up(t.C, 16));
    m_row = x_row + l.tiles;
    x_column = m_row + l.tiles;
    for (int64_t i = 0; i < t.C; ++i) zeros[i] = 0.f;
    fill_offsets(l.tiles, l.x_row, x_row);
    fill_offsets(l.tiles, l.m_row, m_row);
    fill_offsets(kBlockSum, 1, x_column);
  }
};

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
