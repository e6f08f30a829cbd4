// The weight gradient: for each frequency, products (C x K) = x tiles^T (C x tiles) @ dy tiles
// (tiles x K), and the inverse transform at the end.
//
// The tiles go by in rounds that fit the last-level cache: all threads transform the round's tiles,
// meet, and multiply rectangles of channels and filters, at every frequency. So the sums
// over tiles run in order whatever the number of threads, and no copies of the products are added up.
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Transformed x and dy of a round: 8 MiB.
constexpr int64_t kRoundFloats = 2 << 20;
constexpr int64_t kLeastRoundTiles = 32;

// Tiles of x lie in blocks of so many channels, a tile's neighbours one cache line away: the rows of
// a register tile then read few lines, and never at a power of two.
constexpr int64_t kChannelBlock = 16;

// Channels handed out at once, in tiles: 36 panels of dy are read for each.
constexpr int64_t kPartTiles = 6;

// Products of a rectangle that are kept for all frequencies at once, where there is one round only.
constexpr int64_t kKeptChannels = 4 * kChannelBlock, kKeptFilters = 4 * kPanel;

struct Rounds {
  TileGrid grid;
  int64_t tiles, count;       // of a round; rounds
  int64_t channels, filters;  // rounded up
  int64_t x_step, y_step;     // from frequency to frequency
  int64_t p_row, p_step;  // of the products: from channel to channel, from frequency to frequency

  BRASA_INLINE explicit Rounds(const Conv2dShape& s) : grid(s.N, s.window.P, s.window.Q) {
    channels = round_up(s.C, kChannelBlock);
    filters = padded_columns(s.K);
    const int64_t fitting = kRoundFloats / (kFrequencies * (channels + filters));
    tiles = larger(kLeastRoundTiles, fitting);
    count = larger(1, ceil_div(grid.total, tiles));
    tiles = ceil_div(grid.total, count);
    x_step = frequency_step(tiles * channels);
    y_step = frequency_step(tiles * filters);
    p_row = one() ? smaller(filters, kKeptFilters) : filters;
    p_step = frequency_step((one() ? smaller(channels, kKeptChannels) : channels) * p_row);
  }
  BRASA_INLINE bool one() const { return count == 1; }
};

struct Scratch {
  int64_t x, y, products, offsets, zeros;

  BRASA_INLINE Scratch(const Rounds& r, const Conv2dShape& s)
      : x(kFrequencies * r.x_step),
        y(kFrequencies * r.y_step),
        products(kFrequencies * r.p_step),
        offsets(2 * r.channels + kBlockSum),
        zeros(round_up(larger(s.C, s.K), 16)) {}
  BRASA_INLINE int64_t shared_bytes(const Rounds& r) const {
    return round_up((x + y + (r.one() ? 0 : products)) * 4, 64);
  }
  BRASA_INLINE int64_t thread_bytes(const Rounds& r) const {
    return round_up((zeros + (r.one() ? products : 0)) * 4 + offsets * 8, 64);
  }
};

struct Buffers {
  float *x, *y, *products, *zeros;
  int64_t *channel, *product_row, *tile;

  BRASA_INLINE Buffers(const Exec& exec, const Rounds& r, const Scratch& sizes) {
    x = reinterpret_cast<float*>(exec.scratch);
    y = x + sizes.x;
    char* own = exec.scratch + sizes.shared_bytes(r) + exec.thread * sizes.thread_bytes(r);
    channel = reinterpret_cast<int64_t*>(own);
    product_row = channel + r.channels;
    tile = product_row + r.channels;
    zeros = reinterpret_cast<float*>(tile + kBlockSum);
    products = r.one() ? zeros + sizes.zeros : y + sizes.y;
    for (int64_t i = 0; i < sizes.zeros; ++i) zeros[i] = 0.f;
    for (int64_t c = 0; c < r.channels; ++c) {
      channel[c] = c / kChannelBlock * kChannelBlock * r.tiles + c % kChannelBlock;
    }
    fill_offsets(r.channels, r.p_row, product_row);
    fill_offsets(kBlockSum, kChannelBlock, tile);
  }
};

void transform_x(const Rounds& r, const Conv2dShape& s, int64_t tile, int64_t at, const float* x,
                 const Buffers& buffers) {
  const TilePlace place = tile_place(r.grid, tile);
  const float* pixel[kFrequencies];
  find_pixels<kWinogradIn>({x, s.H, s.W, s.C}, place.image, place.row - s.window.pad_top,
                           place.column - s.window.pad_left, buffers.zeros, pixel);
  each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
    float* to = buffers.x + at * kChannelBlock + buffers.channel[piece.at];
    transform_square<kWinogradIn, kWinogradIn>(
        [&](int a, int b) BRASA_INLINE_LAMBDA { return load(pixel[a * kWinogradIn + b], piece); },
        [&](int a, int b, Vec v)
            BRASA_INLINE_LAMBDA { v.store(to + (a * kWinogradIn + b) * r.x_step); });
  });
}

// Into panels, as the register tile reads them. `sum` is the block of tiles that `at` lies in.
void transform_dy(const Rounds& r, const Conv2dShape& s, int64_t tile, Range sum, int64_t at,
                  const float* dy, const Buffers& buffers) {
  const TilePlace place = tile_place(r.grid, tile);
  const float* pixel[kWinogradOut * kWinogradOut];
  find_pixels<kWinogradOut>({dy, s.window.P, s.window.Q, s.K}, place.image, place.row, place.column,
                            buffers.zeros, pixel);
  const int64_t length = sum.end - sum.begin;
  float* block = buffers.y + sum.begin * r.filters;
  for (int64_t k = 0; k < s.K; k += kPanel) {
    const int64_t width = panel_width(s.K - k);
    float* panel = block + k * length + (at - sum.begin) * width;
    for (int64_t j = 0; j < width; j += Vec::width) {
      const int left = static_cast<int>(smaller(Vec::width, larger(0, s.K - k - j)));
      const Piece piece = {left > 0 ? k + j : 0, left};
      transform_square<kWinogradOut, kWinogradIn>(
          [&](int a, int b)
              BRASA_INLINE_LAMBDA { return load(pixel[a * kWinogradOut + b], piece); },
          [&](int a, int b, Vec v)
              BRASA_INLINE_LAMBDA { v.store(panel + j + (a * kWinogradIn + b) * r.y_step); });
    }
  }
}

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

// A rectangle of dw.
struct Part {
  Range channels, filters;
};

// products (+)= those of one round, in `p`, which is the place of the part's first element.
void multiply_round(const Rounds& r, const Part& part, int64_t tiles, bool add,
                    const Buffers& buffers, float* p) {
  const int64_t blocks = sum_blocks(tiles);
  GemmBlock gemm = {};
  gemm.rows = part.channels.end - part.channels.begin;
  gemm.columns = part.filters.end - part.filters.begin;
  gemm.a_row = buffers.channel + part.channels.begin;
  gemm.a_column = buffers.tile;
  gemm.c_row = buffers.product_row;
  gemm.activation = kNoActivation;
  for (int64_t f = 0; f < kFrequencies; ++f) {
    gemm.c = p + f * r.p_step;
    for (int64_t i = 0; i < blocks; ++i) {
      const Range sum = part_of(tiles, blocks, i);
      gemm.sum = sum.end - sum.begin;
      gemm.a = buffers.x + f * r.x_step + sum.begin * kChannelBlock;
      gemm.b = packed_block(buffers.y + f * r.y_step, r.filters, sum, part.filters.begin);
      gemm.add = add || i > 0;
      multiply_block(gemm);
    }
  }
}

void write_part(const Rounds& r, const Conv2dShape& s, const Part& part, const float* p,
                float* dw) {
  const int64_t filters = smaller(s.K, part.filters.end) - part.filters.begin;
  for (int64_t c = part.channels.begin; c < part.channels.end; ++c, p += r.p_row) {
    float* to = dw + c * s.K + part.filters.begin;
    each_piece(0, filters, [&](Piece piece) BRASA_INLINE_LAMBDA {
      transform_square<kWinogradIn, kWinogradFilter>(
          [&](int a, int b) BRASA_INLINE_LAMBDA {
            return Vec::load(p + (a * kWinogradIn + b) * r.p_step + piece.at);
          },
          [&](int a, int b, Vec v) BRASA_INLINE_LAMBDA {
            float* at = to + (a * kWinogradFilter + b) * s.C * s.K;
            store(s.write == Write::kAdd ? load(at, piece) + v : v, at, piece);
          });
    });
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
                        const Buffers& buffers, float* dw) {
  for (int64_t k = own.filters.begin; k < own.filters.end; k += kKeptFilters) {
    for (int64_t c = own.channels.begin; c < own.channels.end; c += kKeptChannels) {
      const Part part = {{c, smaller(own.channels.end, c + kKeptChannels)},
                         {k, smaller(own.filters.end, k + kKeptFilters)}};
      multiply_round(r, part, r.tiles, false, buffers, buffers.products);
      write_part(r, s, part, buffers.products, dw);
    }
  }
}

}  // namespace

void tiled_weight_gradient(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                           float* dw) {
  const Rounds r(s);
  const Buffers buffers(exec, r, Scratch(r, s));
  if (r.one()) {
    transform_round(exec, r, s, {0, r.tiles}, dy, x, buffers);
    exec.barrier();
    return each_part(exec, r, s,
                     [&](const Part& part) { multiply_and_write(r, s, part, buffers, dw); });
  }
  const auto products = [&](const Part& part) {
    return buffers.products + part.channels.begin * r.p_row + part.filters.begin;
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
  each_part(exec, r, s, [&](const Part& part) { write_part(r, s, part, products(part), dw); });
}

int64_t tiled_weight_gradient_workspace(const Conv2dShape& s, int threads) {
  const Rounds r(s);
  const Scratch sizes(r, s);
  return sizes.shared_bytes(r) + threads * sizes.thread_bytes(r);
}

}  // namespace brasa::cpu::BRASA_ISA
