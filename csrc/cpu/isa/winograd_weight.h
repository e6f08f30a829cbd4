// What the two schedules of the weight gradient share: transformed tiles of x and dy, their products at
// each frequency, and the inverse transform.
#pragma once

#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {

// Selected by shape alone: the threads must not choose the order of the sums.
bool takes_chunks(const Conv2dShape& s);
void weight_gradient_by_chunks(const Exec& exec, const Conv2dShape& s, const float* dy,
                               const float* x, float* dw);
int64_t weight_gradient_by_chunks_workspace(const Conv2dShape& s, int threads);

namespace {

// Tiles of x lie in blocks of so many channels, a tile's neighbours one cache line away: the rows of
// a register tile then read few lines, and never at a power of two.
constexpr int64_t kChannelBlock = 16;

// How the transformed tiles of one round lie, and the products.
struct TileLayout {
  TileGrid grid;
  int64_t channels, filters;      // rounded up
  int64_t tiles, x_step, y_step;  // of a round; from frequency to frequency
  int64_t p_row, p_step;  // of the products: from channel to channel, from frequency to frequency

  BRASA_INLINE explicit TileLayout(const Conv2dShape& s)
      : grid(grid_of(forward_tiles(s))),
        channels(round_up(s.C, kChannelBlock)),
        filters(padded_columns(s.K)) {}
  BRASA_INLINE void set_tiles(int64_t count) {
    tiles = count;
    x_step = frequency_step(tiles * channels);
    y_step = frequency_step(tiles * filters);
  }
  BRASA_INLINE void set_products(int64_t rows, int64_t columns) {
    p_row = columns;
    p_step = frequency_step(rows * columns);
  }
  BRASA_INLINE int64_t tile_floats() const { return kFrequencies * (x_step + y_step); }
  BRASA_INLINE int64_t product_floats() const { return kFrequencies * p_step; }
};

// Where a thread finds things: transformed tiles, offsets for the register tile, a pixel of zeros.
struct Buffers {
  float *x, *y, *zeros;
  int64_t *channel, *product_row, *tile;

  BRASA_INLINE static int64_t own_bytes(const TileLayout& r, const Conv2dShape& s) {
    return round_up(larger(s.C, s.K), 16) * 4 + round_up(2 * r.channels + kBlockSum, 8) * 8;
  }
  // `tiles` may be shared, `own` is the thread's.
  BRASA_INLINE Buffers(const TileLayout& r, const Conv2dShape& s, float* tiles, char* own)
      : x(tiles), y(tiles + kFrequencies * r.x_step), zeros(reinterpret_cast<float*>(own)) {
    channel = reinterpret_cast<int64_t*>(zeros + round_up(larger(s.C, s.K), 16));
    product_row = channel + r.channels;
    tile = product_row + r.channels;
    for (int64_t i = 0; i < larger(s.C, s.K); ++i) zeros[i] = 0.f;
    for (int64_t c = 0; c < r.channels; ++c) {
      channel[c] = c / kChannelBlock * kChannelBlock * r.tiles + c % kChannelBlock;
    }
    fill_offsets(r.channels, r.p_row, product_row);
    fill_offsets(kBlockSum, kChannelBlock, tile);
  }
};

// Tile `tile` of the grid becomes number `at` of the round.
BRASA_INLINE void transform_x(const TileLayout& r, const Conv2dShape& s, int64_t tile, int64_t at,
                              const float* x, const Buffers& buffers) {
  const TilePlace place = r.grid.outputs(tile).input(s.window.pad_top, s.window.pad_left);
  const float* pixel[kFrequencies];
  find_pixels<kWinogradIn>({x, s.H, s.W, s.C}, place, buffers.zeros, pixel);
  const int64_t beside = kWinogradOut * place.column_step * s.C;
  each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
    fetch_next<kWinogradIn>(pixel, piece.at + beside);
    float* to = buffers.x + at * kChannelBlock + buffers.channel[piece.at];
    claim_frequencies(to, r.x_step);
    transform_square<kWinogradIn, kWinogradIn>(
        [&](int a, int b) BRASA_INLINE_LAMBDA { return load(pixel[a * kWinogradIn + b], piece); },
        [&](int a, int b, Vec v)
            BRASA_INLINE_LAMBDA { v.store(to + (a * kWinogradIn + b) * r.x_step); });
  });
}

// Into panels, as the register tile reads them. `sum` is the block of tiles that `at` lies in.
BRASA_INLINE void transform_dy(const TileLayout& r, const Conv2dShape& s, int64_t tile, Range sum,
                               int64_t at, const float* dy, const Buffers& buffers) {
  const float* pixel[kWinogradOut * kWinogradOut];
  find_pixels<kWinogradOut>({dy, s.window.P, s.window.Q, s.K}, r.grid.outputs(tile), buffers.zeros,
                            pixel);
  const int64_t length = sum.end - sum.begin, beside = kWinogradOut * s.window.dilation_w * s.K;
  float* block = buffers.y + sum.begin * r.filters;
  for (int64_t k = 0; k < s.K; k += kPanel) {
    const int64_t width = panel_width(s.K - k);
    float* panel = block + k * length + (at - sum.begin) * width;
    for (int64_t j = 0; j < width; j += Vec::width) {
      const int left = static_cast<int>(smaller(Vec::width, larger(0, s.K - k - j)));
      const Piece piece = {left > 0 ? k + j : 0, left};
      fetch_next<kWinogradOut>(pixel, piece.at + beside);
      claim_frequencies(panel + j, r.y_step);
      transform_square<kWinogradOut, kWinogradIn>(
          [&](int a, int b)
              BRASA_INLINE_LAMBDA { return load(pixel[a * kWinogradOut + b], piece); },
          [&](int a, int b, Vec v)
              BRASA_INLINE_LAMBDA { v.store(panel + j + (a * kWinogradIn + b) * r.y_step); });
    }
  }
}

// A rectangle of dw.
struct Part {
  Range channels, filters;
};

// products (+)= those of one round, in `p`, which is the place of the part's first element.
BRASA_INLINE void multiply_round(const TileLayout& r, const Part& part, int64_t tiles, bool add,
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

// dw of a part from `copies` of its products, `copy_step` floats apart, added up in order.
BRASA_INLINE void write_part(const TileLayout& r, const Conv2dShape& s, const Part& part,
                             const float* p, int64_t copies, int64_t copy_step, float* dw) {
  const int64_t filters = smaller(s.K, part.filters.end) - part.filters.begin;
  for (int64_t c = part.channels.begin; c < part.channels.end; ++c, p += r.p_row) {
    float* to = dw + c * s.K + part.filters.begin;
    each_piece(0, filters, [&](Piece piece) BRASA_INLINE_LAMBDA {
      transform_square<kWinogradIn, kWinogradFilter>(
          [&](int a, int b) BRASA_INLINE_LAMBDA {
            const float* from = p + (a * kWinogradIn + b) * r.p_step + piece.at;
            Vec sum = Vec::load(from);
            for (int64_t i = 1; i < copies; ++i) sum = sum + Vec::load(from + i * copy_step);
            return sum;
          },
          [&](int a, int b, Vec v) BRASA_INLINE_LAMBDA {
            float* at = to + (a * kWinogradFilter + b) * s.C * s.K;
            store(s.write == Write::kAdd ? load(at, piece) + v : v, at, piece);
          });
    });
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
