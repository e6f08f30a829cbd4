// The weight gradient: for each frequency, products (C x K) = x tiles^T (C x tiles) @ dy tiles
// (tiles x K), and the inverse transform at the end.
//
// The tiles go by in rounds that fit the last-level cache: all threads transform the round's tiles,
// meet, and multiply rectangles of channels and filters, at every frequency. So the sums
// over tiles run in order whatever the number of threads, and no copies of the products are added up.
// Layers with few channels take chunks instead (winograd_weight_chunks.cpp).
#include "cpu/isa/winograd_weight.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Transformed x and dy of a round: 8 MiB. With 16 lanes, one round where 20 MiB hold all of it: each further
// one passes over the products, 36 C K floats (512 channels @7, 32 images, two cores of Sapphire Rapids: one
// round 18.8 ms, three 24.8; 256 @14: two rounds of 19 MB 22.7, five of 8 MB 20.7).
constexpr int64_t kRoundFloats = 2 << 20,
                  kOneRoundFloats = Vec::width == 16 ? 5 << 20 : kRoundFloats;
constexpr int64_t kLeastRoundTiles = 32;  // however many channels there are; handed out at once

// Channels handed out at once, in tiles: 36 panels of dy are read for each.
constexpr int64_t kPartTiles = 6;

// Products of a rectangle that are kept for all frequencies at once, where there is one round only.
constexpr int64_t kKeptChannels = 4 * kChannelBlock, kKeptFilters = 4 * kPanel;

struct Rounds : TileLayout {
  int64_t count;

  BRASA_INLINE explicit Rounds(const Conv2dShape& s) : TileLayout(s) {
    const int64_t floats = kFrequencies * (channels + filters);
    const int64_t most = larger(kLeastRoundTiles, kRoundFloats / floats);
    count = grid.total <= kOneRoundFloats / floats ? 1 : larger(1, ceil_div(grid.total, most));
    set_tiles(ceil_div(grid.total, count));
    set_products(one() ? smaller(channels, kKeptChannels) : channels,
                 one() ? smaller(filters, kKeptFilters) : filters);
  }
  BRASA_INLINE bool one() const { return count == 1; }
};

// The products of one round are each thread's own, of a rectangle; those of several are of all.
struct Scratch {
  int64_t tiles, products, own;  // bytes

  BRASA_INLINE Scratch(const Rounds& r, const Conv2dShape& s)
      : tiles(r.tile_floats() * 4),
        products(r.product_floats() * 4),
        own(Buffers::own_bytes(r, s)) {}
  BRASA_INLINE int64_t bytes(const Rounds& r, int threads) const {
    return tiles + threads * own + (r.one() ? threads : 1) * products;
  }
};

void transform_round(const Exec& exec, const Rounds& r, const Conv2dShape& s, Range tiles,
                     const float* dy, const float* x, const Buffers& buffers) {
  const int64_t count = tiles.end - tiles.begin, blocks = sum_blocks(count);
  for (const Range mine : exec.portions(count, kLeastRoundTiles)) {
    for (int64_t i = 0; i < blocks; ++i) {
      const Range sum = part_of(count, blocks, i);
      for (int64_t at = larger(sum.begin, mine.begin); at < smaller(sum.end, mine.end); ++at) {
        transform_x(r, s, tiles.begin + at, at, x, buffers);
        transform_dy(r, s, tiles.begin + at, sum, at, dy, buffers);
      }
    }
  }
}

// f(Part) for the rectangles that this thread takes, at whole panels of filters.
template <class F>
void each_part(const Exec& exec, const Rounds& r, const Conv2dShape& s, F f) {
  const int64_t rows = ceil_div(s.C, kTileRows), columns = ceil_div(r.filters, kPanel);
  each_rectangle(exec, rows, columns, {kPartTiles}, [&](const Rectangle& mine) {
    f(Part{{smaller(s.C, mine.rows.begin * kTileRows), smaller(s.C, mine.rows.end * kTileRows)},
           {mine.columns.begin * kPanel, smaller(r.filters, mine.columns.end * kPanel)}});
  });
}

// All of a rectangle from one round, piece by piece: the products never leave the near caches.
void multiply_and_write(const Rounds& r, const Conv2dShape& s, const Part& own,
                        const Buffers& buffers, float* products, float* dw) {
  for (int64_t k = own.filters.begin; k < own.filters.end; k += kKeptFilters) {
    for (int64_t c = own.channels.begin; c < own.channels.end; c += kKeptChannels) {
      const Part part = {{c, smaller(own.channels.end, c + kKeptChannels)},
                         {k, smaller(own.filters.end, k + kKeptFilters)}};
      multiply_round(r, part, r.tiles, false, buffers, products);
      write_part(r, s, part, products, 1, 0, dw);
    }
  }
}

}  // namespace

void tiled_weight_gradient(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                           float* dw) {
  if (takes_chunks(s)) return weight_gradient_by_chunks(exec, s, dy, x, dw);
  const Rounds r(s);
  const Scratch sizes(r, s);
  char* own = exec.scratch + sizes.tiles + exec.thread * sizes.own;
  const Buffers buffers(r, s, reinterpret_cast<float*>(exec.scratch), own);
  char* behind = exec.scratch + sizes.tiles + exec.threads * sizes.own;
  if (r.one()) {
    float* products = reinterpret_cast<float*>(behind + exec.thread * sizes.products);
    transform_round(exec, r, s, {0, r.tiles}, dy, x, buffers);
    exec.barrier();
    return each_part(exec, r, s, [&](const Part& part) {
      multiply_and_write(r, s, part, buffers, products, dw);
    });
  }
  const auto products = [&](const Part& part) {
    return reinterpret_cast<float*>(behind) + part.channels.begin * r.p_row + part.filters.begin;
  };
  for (int64_t i = 0; i < r.count; ++i) {
    const Range tiles = part_of(r.grid.total, r.count, i);
    transform_round(exec, r, s, tiles, dy, x, buffers);
    exec.barrier();
    each_part(exec, r, s, [&](const Part& part) {
      multiply_round(r, part, tiles.end - tiles.begin, i > 0, buffers, products(part));
    });
    exec.barrier();
  }
  each_part(exec, r, s,
            [&](const Part& part) { write_part(r, s, part, products(part), 1, 0, dw); });
}

int64_t tiled_weight_gradient_workspace(const Conv2dShape& s, int threads) {
  if (takes_chunks(s)) return weight_gradient_by_chunks_workspace(s, threads);
  const Rounds r(s);
  return Scratch(r, s).bytes(r, threads);
}

}  // namespace brasa::cpu::BRASA_ISA
