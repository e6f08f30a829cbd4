// The forward pass and the data gradient: input transform, 36 products, output transform. Of tiles and
// filters, the fewer are transformed first, by all threads; the others go by in blocks whose
// transforms stay in the nearer caches. (512 filters on 7x7 images: their transform is 36 MiB, and
// writing it all took a third of the time.)
#include "cpu/isa/activate.h"
#include "cpu/isa/winograd_filters.h"
#include "cpu/isa/winograd_layout.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Tiles and filters that are multiplied with each other, and the transforms of both: of the first of the
// blocks of channels, from the first tile on, and of the whole group of filters.
struct Block {
  Range tiles, filters;
  const float *x, *w;
  Range group;
};

void transform_tiles(const Layout& l, const TiledConv& t, Range tiles, const float* x,
                     const float* zeros, float* out) {
  const ImageView image = {x, t.H, t.W, t.C};
  const int64_t beside = kWinogradOut * t.dilation_w * t.C;
  const float* pixel[kFrequencies];
  for (int64_t i = tiles.begin; i < tiles.end; ++i, out += l.x_row) {
    find_pixels<kWinogradIn>(image, l.grid.outputs(i).input(t.pad_top, t.pad_left), zeros, pixel);
    for (int64_t block = 0; block < l.blocks; ++block) {
      const Range sum = part_of(t.C, l.blocks, block);
      float* const to = out + block * l.x_block() - sum.begin;
      each_piece(sum.begin, sum.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
        fetch_next<kWinogradIn>(pixel, piece.at + beside);
        transform_square<kWinogradIn, kWinogradIn>(
            [&](int a, int b)
                BRASA_INLINE_LAMBDA { return load(pixel[a * kWinogradIn + b], piece); },
            [&](int a, int b, Vec v)
                BRASA_INLINE_LAMBDA { store(v, to + (a * kWinogradIn + b) * l.x_step, piece); });
      });
    }
  }
}

// m (tiles x filters), for every frequency, (+)= the products of some blocks of channels. The panels of w
// are filled up with zeros: so are the rows of m.
void multiply_tiles(const Layout& l, const TiledConv& t, const Block& block, Range blocks,
                    const Buffers& buffers) {
  const int64_t count = blocks.end - blocks.begin, steps = kFrequencies * count;
  const int64_t skipped = block.filters.begin - block.group.begin;
  GemmBlock gemm = {};
  gemm.rows = block.tiles.end - block.tiles.begin;
  gemm.columns = padded_columns(block.filters.end - block.filters.begin);
  gemm.a_row = buffers.x_row;
  gemm.a_column = buffers.x_column;
  gemm.c_row = buffers.m_row;
  gemm.activation = kNoActivation;
  const auto sum_of = [&](int64_t step) {
    return part_of(t.C, l.blocks, blocks.begin + step % count);
  };
  const auto x_of = [&](int64_t step) {
    return block.x + step % count * l.x_block() + step / count * l.x_step;
  };
  const auto w_of = [&](int64_t step) {
    const Range sum = sum_of(step);
    return block.w + step % count * l.w_block() + step / count * l.w_step +
           skipped * (sum.end - sum.begin);
  };
  for (int64_t step = 0; step < steps; ++step) {
    const Range sum = sum_of(step);
    gemm.sum = sum.end - sum.begin;
    gemm.a = x_of(step);
    gemm.b = w_of(step);
    gemm.c = buffers.m + step / count * l.m_step;
    gemm.add = sum.begin > 0;
    // What comes next lies far from this, and in a far cache: the tiles, if the filters were just transformed.
    const int64_t after = smaller(step + 1, steps - 1);
    const bool tiles_far = l.tiles_first && !t.transformed;
    gemm.next = tiles_far ? x_of(after) : w_of(after);
    gemm.next_floats = tiles_far ? gemm.rows * l.x_row : gemm.columns * gemm.sum;
    multiply_block(gemm);
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
      claim(to + kWinogradOut * column_step + piece.at);  // of the next tile: see fetch_next()
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
    const TilePlace place = l.grid.outputs(i);
    const int rows = place.rows(t.P), columns = place.columns(t.Q);
    float* to = y + ((place.image * t.P + place.row) * t.Q + place.column) * t.K + first;
    each_piece(0, block.filters.end - first, [&](Piece piece) BRASA_INLINE_LAMBDA {
      if (b != nullptr) epilogue.bias = load(b + first, piece);
      write_piece(products, l.m_step, piece, epilogue, rows, columns, to,
                  place.row_step * t.Q * t.K, place.column_step * t.K);
    });
  }
}

// Some of the transformed filters: unit = block of channels and panel.
BRASA_INLINE int64_t filter_units(const Layout& l, const TiledConv& t) {
  return l.blocks * ceil_div(t.K, kPanel);
}
void transform_units(const Layout& l, const TiledConv& t, Range units, const float* w, float* out) {
  const int64_t panels = ceil_div(t.K, kPanel), of_group = ceil_div(l.group, kPanel);
  for (int64_t unit = units.begin; unit < units.end; ++unit) {
    const int64_t block = unit / panels, group = unit % panels / of_group;
    const int64_t first = group * l.group, panel = unit % panels % of_group;
    transform_weights(t, {first, smaller(t.K, first + l.group)}, part_of(t.C, l.blocks, block),
                      {panel, panel + 1}, w, l.w_step,
                      out + (group * l.blocks + block) * l.w_block());
  }
}

// All tiles are transformed; groups of filters go by.
void walk_filters(const Exec& exec, const Layout& l, const TiledConv& t, const Buffers& buffers,
                  const float* w, const float* b, float* y) {
  for (const Range mine : exec.portions(ceil_div(t.K, l.group))) {
    for (int64_t group = mine.begin; group < mine.end; ++group) {
      const Range filters = {group * l.group, smaller(t.K, (group + 1) * l.group)};
      Block block = {{0, l.grid.total}, filters, nullptr, nullptr, filters};
      for (int64_t i = 0; i < l.blocks; ++i) {
        block.x = buffers.x + i * l.x_block();
        block.w = t.transformed ? w + (group * l.blocks + i) * l.w_block() : buffers.w;
        if (!t.transformed) {
          const Range panels = {0, ceil_div(filters.end - filters.begin, kPanel)};
          transform_weights(t, filters, part_of(t.C, l.blocks, i), panels, w, l.w_step, buffers.w);
        }
        multiply_tiles(l, t, block, {i, i + 1}, buffers);
      }
      write_tiles(l, t, block, b, buffers.m, y);
    }
  }
}

// All filters are transformed; tiles go by.
void walk_tiles(const Exec& exec, const Layout& l, const TiledConv& t, const Buffers& buffers,
                const float* x, const float* w, const float* b, float* y) {
  for (const Range mine : exec.portions(l.grid.total, l.tiles)) {
    const int64_t count = mine.end - mine.begin, pieces = ceil_div(count, l.tiles);
    for (int64_t i = 0; i < pieces; ++i) {
      const Range part = part_of(count, pieces, i);
      const Range tiles = {mine.begin + part.begin, mine.begin + part.end};
      transform_tiles(l, t, tiles, x, buffers.zeros, buffers.x);
      for (int64_t k = 0; k < t.K; k += l.filters) {
        const Range filters = {k, smaller(t.K, k + l.filters)};
        const Block block = {tiles, filters, buffers.x, w, {0, t.K}};
        multiply_tiles(l, t, block, {0, l.blocks}, buffers);
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
    transform_units(l, t, exec.share(filter_units(l, t)), w, buffers.w);
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
  transform_units(l, t, exec.share(filter_units(l, t)), w, out);
}

int64_t transformed_floats(const TiledConv& t) {
  const Layout l(t);
  return ceil_div(t.K, l.group) * l.blocks * l.w_block();
}

}  // namespace brasa::cpu::BRASA_ISA
