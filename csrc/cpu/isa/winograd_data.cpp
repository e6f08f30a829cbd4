// The forward pass and the data gradient: input transform, 36 products, output transform. Of tiles and
// filters, the fewer are transformed first, by all threads; the others go by in blocks whose
// transforms stay in the nearer caches. (512 filters on 7x7 images: their transform is 36 MiB, and
// writing it all took a third of the time.)
#include "cpu/isa/activate.h"
#include "cpu/isa/winograd_filters.h"
#include "cpu/isa/winograd_layout.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Tiles and filters that are multiplied with each other; the transforms in the buffers begin at
// first_tile and first_filter.
struct Block {
  Range tiles, filters;
  int64_t first_tile, first_filter, packed_filters;
  const float* w;
};

void transform_tiles(const Layout& l, const TiledConv& t, Range tiles, const float* x,
                     const float* zeros, float* out) {
  const ImageView image = {x, t.H, t.W, t.C};
  const float* pixel[kFrequencies];
  for (int64_t i = tiles.begin; i < tiles.end; ++i, out += l.x_row) {
    const TilePlace place = tile_place(l.grid, i);
    find_pixels<kWinogradIn>(image, place.image, place.row - t.pad_top, place.column - t.pad_left,
                             zeros, pixel);
    each_piece(0, t.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
      transform_square<kWinogradIn, kWinogradIn>(
          [&](int a, int b) BRASA_INLINE_LAMBDA { return load(pixel[a * kWinogradIn + b], piece); },
          [&](int a, int b, Vec v)
              BRASA_INLINE_LAMBDA { store(v, out + (a * kWinogradIn + b) * l.x_step, piece); });
    });
  }
}

// m (tiles x filters), for every frequency. The panels of w are filled up with zeros: so are the rows
// of m.
void multiply_tiles(const Layout& l, const TiledConv& t, const Block& block,
                    const Buffers& buffers) {
  const int64_t blocks = tile_sum_blocks(t.C);
  GemmBlock gemm = {};
  gemm.rows = block.tiles.end - block.tiles.begin;
  gemm.columns = padded_columns(block.filters.end - block.filters.begin);
  gemm.a_row = buffers.x_row;
  gemm.a_column = buffers.x_column;
  gemm.c_row = buffers.m_row;
  gemm.activation = kNoActivation;
  const float* x = buffers.x + (block.tiles.begin - block.first_tile) * l.x_row;
  const auto filters_of = [&](int64_t f, Range sum) {
    return packed_block(block.w + f * l.w_step, block.packed_filters, sum,
                        block.filters.begin - block.first_filter);
  };
  for (int64_t f = 0; f < kFrequencies; ++f) {
    gemm.c = buffers.m + f * l.m_step;
    for (int64_t i = 0; i < blocks; ++i) {
      const Range sum = part_of(t.C, blocks, i);
      gemm.sum = sum.end - sum.begin;
      gemm.a = x + f * l.x_step + sum.begin;
      gemm.b = filters_of(f, sum);
      // The filters that come next lie far from these, and in a far cache.
      const bool ends = i + 1 == blocks;
      gemm.next =
          filters_of(smaller(f + ends, kFrequencies - 1), part_of(t.C, blocks, ends ? 0 : i + 1));
      gemm.next_floats = gemm.columns * gemm.sum;
      gemm.add = i > 0;
      multiply_block(gemm);
    }
  }
}

struct Epilogue {
  Vec bias, floor;
  Activation after;  // what is not part of the floor
  bool add;
};

// One tile, one vector of filters: the outputs that exist.
BRASA_INLINE void write_piece(const float* m, int64_t step, Piece piece, const Epilogue& epilogue,
                              int rows, int columns, float* y, int64_t row_step,
                              int64_t column_step) {
  Vec out[kWinogradOut][kWinogradOut];
  transform_square<kWinogradIn, kWinogradOut>(
      [&](int a, int b)
          BRASA_INLINE_LAMBDA { return Vec::load(m + (a * kWinogradIn + b) * step + piece.at); },
      [&](int a, int b, Vec v) BRASA_INLINE_LAMBDA { out[a][b] = v; });
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      float* to = y + i * row_step + j * column_step;
      Vec v = max(epilogue.floor, out[i][j] + epilogue.bias);
      if (epilogue.after.kind != ActivationKind::kNone) v = activate(epilogue.after, v);
      if (epilogue.add) v = load(to, piece) + v;
      store(v, to, piece);
    }
  }
}

void write_tiles(const Layout& l, const TiledConv& t, const Block& block, const float* b,
                 const float* products, float* y) {
  const bool relu = t.activation.kind == ActivationKind::kRelu;
  Epilogue epilogue = {Vec::zero(), Vec::all(relu ? 0.f : -__builtin_inff()),
                       relu ? kNoActivation : t.activation, t.write == Write::kAdd};
  const int64_t first = block.filters.begin;
  for (int64_t i = block.tiles.begin; i < block.tiles.end; ++i, products += l.m_row) {
    const TilePlace place = tile_place(l.grid, i);
    const int rows = static_cast<int>(smaller(kWinogradOut, t.P - place.row));
    const int columns = static_cast<int>(smaller(kWinogradOut, t.Q - place.column));
    float* to = y + ((place.image * t.P + place.row) * t.Q + place.column) * t.K + first;
    each_piece(0, block.filters.end - first, [&](Piece piece) BRASA_INLINE_LAMBDA {
      if (b != nullptr) epilogue.bias = load(b + first, piece);
      write_piece(products, l.m_step, piece, epilogue, rows, columns, to, t.Q * t.K, t.K);
    });
  }
}

// Where the block of filters that begins at `first` lies among all transformed ones.
BRASA_INLINE int64_t filter_block(const Layout& l, int64_t first) {
  return l.tiles_first ? first / l.filters * kFrequencies * l.w_step : 0;
}

// The units of transform_weights for so many filters.
BRASA_INLINE Range all_units(const TiledConv& t, int64_t filters) {
  return {0, tile_sum_blocks(t.C) * ceil_div(filters, kPanel)};
}

// All tiles are transformed; filters go by.
void walk_filters(const Exec& exec, const Layout& l, const TiledConv& t, const Buffers& buffers,
                  const float* w, const float* b, float* y) {
  for (const Range mine : exec.portions(t.K, l.filters, l.filters)) {
    for (int64_t k = mine.begin; k < mine.end; k += l.filters) {
      const Range filters = {k, smaller(t.K, k + l.filters)};
      const int64_t count = filters.end - filters.begin;
      const float* transformed = t.transformed ? w + filter_block(l, k) : buffers.w;
      if (!t.transformed) {
        transform_weights(t, filters, all_units(t, count), w, l.w_step, buffers.w);
      }
      const Block block = {{0, l.grid.total}, filters, 0, k, count, transformed};
      multiply_tiles(l, t, block, buffers);
      write_tiles(l, t, block, b, buffers.m, y);
    }
  }
}

// All filters are transformed; tiles go by.
void walk_tiles(const Exec& exec, const Layout& l, const TiledConv& t, const Buffers& buffers,
                const float* x, const float* w, const float* b, float* y) {
  for (const Range mine : exec.portions(l.grid.total, l.tiles)) {
    const int64_t count = mine.end - mine.begin, blocks = ceil_div(count, l.tiles);
    for (int64_t i = 0; i < blocks; ++i) {
      const Range part = part_of(count, blocks, i);
      const Range tiles = {mine.begin + part.begin, mine.begin + part.end};
      transform_tiles(l, t, tiles, x, buffers.zeros, buffers.x);
      for (int64_t k = 0; k < t.K; k += l.filters) {
        const Block block = {tiles, {k, smaller(t.K, k + l.filters)}, tiles.begin, 0, t.K, w};
        multiply_tiles(l, t, block, buffers);
        write_tiles(l, t, block, b, buffers.m, y);
      }
    }
  }
}

}  // namespace

void tiled_conv(const Exec& exec, const TiledConv& t, const float* x, const float* w,
                const float* b, float* y) {
  const Layout l(t);
  const Buffers buffers(exec, l, t);
  if (l.tiles_first) {
    const Range mine = exec.share(l.grid.total);
    transform_tiles(l, t, mine, x, buffers.zeros, buffers.x + mine.begin * l.x_row);
    exec.barrier();
    walk_filters(exec, l, t, buffers, w, b, y);
  } else if (t.transformed) {
    walk_tiles(exec, l, t, buffers, x, w, b, y);
  } else {
    const Range units = all_units(t, t.K);
    transform_weights(t, {0, t.K}, exec.share(units.end), w, l.w_step, buffers.w);
    exec.barrier();
    walk_tiles(exec, l, t, buffers, x, buffers.w, b, y);
  }
}

int64_t tiled_conv_workspace(const TiledConv& t, int threads) {
  const Layout l(t);
  return l.shared_floats() * 4 + threads * l.thread_bytes(t);
}

void transform_all_filters(const Exec& exec, const TiledConv& t, const float* w, float* out) {
  const Layout l(t);
  if (!l.tiles_first) {
    transform_weights(t, {0, t.K}, exec.share(all_units(t, t.K).end), w, l.w_step, out);
    return;
  }
  const Range blocks = exec.share(ceil_div(t.K, l.filters));
  for (int64_t i = blocks.begin; i < blocks.end; ++i) {
    const Range filters = {i * l.filters, smaller(t.K, (i + 1) * l.filters)};
    transform_weights(t, filters, all_units(t, filters.end - filters.begin), w, l.w_step,
                      out + filter_block(l, filters.begin));
  }
}

int64_t transformed_floats(const TiledConv& t) {
  const Layout l(t);
  return kFrequencies * l.w_step * (l.tiles_first ? ceil_div(t.K, l.filters) : 1);
}

}  // namespace brasa::cpu::BRASA_ISA
