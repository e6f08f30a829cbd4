// The forward pass and the data gradient. The filters are transformed once, by all threads. Then each
// thread takes its tiles in blocks so small that the transformed input and the products of one block of
// filters stay in the second-level cache: input transform, 36 products, output transform.
#include "cpu/isa/activate.h"
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Floats of one block: the transformed input, and the products of one block of filters.
constexpr int64_t kInputFloats = 96 * 1024, kProductFloats = 48 * 1024;
constexpr int64_t kLeastTiles = 4 * kTileRows;

struct Layout {
  TileGrid grid;
  int64_t tiles;                         // of a block
  int64_t columns;                       // filters of a block
  int64_t x_row, x_step, m_row, m_step;  // from tile to tile, from frequency to frequency
  int64_t w_step;

  BRASA_INLINE explicit Layout(const TiledConv& t) : grid(t.N, t.P, t.Q) {
    x_row = t.C + (t.C % 256 == 0 ? 16 : 0);
    tiles = larger(kLeastTiles, kInputFloats / (kFrequencies * x_row) / kTileRows * kTileRows);
    tiles = larger(1, smaller(tiles, grid.total));
    const int64_t fitting = kProductFloats / (kFrequencies * tiles) / kPanel;
    columns = smaller(padded_columns(t.K), larger(2, fitting) * kPanel);
    m_row = columns;
    x_step = frequency_step(tiles * x_row);
    m_step = frequency_step(tiles * m_row);
    w_step = frequency_step(packed_size(t.C, t.K));
  }
  BRASA_INLINE int64_t shared_bytes() const { return round_up(kFrequencies * w_step * 4, 64); }
  BRASA_INLINE int64_t thread_bytes(const TiledConv& t) const {
    const int64_t floats = kFrequencies * (x_step + m_step) + round_up(t.C, 16);
    return round_up(floats * 4 + (2 * tiles + kBlockSum) * 8, 64);
  }
};

// One thread's buffers.
struct Own {
  float *x, *m, *zeros;
  int64_t *x_row, *x_column, *m_row;

  BRASA_INLINE Own(const Layout& l, const TiledConv& t, char* memory) {
    x = reinterpret_cast<float*>(memory);
    m = x + kFrequencies * l.x_step;
    zeros = m + kFrequencies * l.m_step;
    x_row = reinterpret_cast<int64_t*>(zeros + round_up(t.C, 16));
    m_row = x_row + l.tiles;
    x_column = m_row + l.tiles;
    for (int64_t i = 0; i < t.C; ++i) zeros[i] = 0.f;
    fill_offsets(l.tiles, l.x_row, x_row);
    fill_offsets(l.tiles, l.m_row, m_row);
    fill_offsets(kBlockSum, 1, x_column);
  }
};

// One row of a panel: the filters `piece` for one channel, at all frequencies.
template <class Tap>
BRASA_INLINE void transform_filters(Tap tap, float* out, int64_t step) {
  transform_square<kWinogradFilter, kWinogradIn>(
      [&](int i, int j) BRASA_INLINE_LAMBDA { return tap(i * kWinogradFilter + j); },
      [&](int i, int j, Vec u)
          BRASA_INLINE_LAMBDA { u.store(out + (i * kWinogradIn + j) * step); });
}

// w is (3,3,C,K).
void transform_panel(const TiledConv& t, const float* w, Range sum, int64_t first, int64_t width,
                     float* packed, int64_t step) {
  for (int64_t c = sum.begin; c < sum.end; ++c, packed += width) {
    for (int64_t j = 0; j < width; j += Vec::width) {
      const int64_t left = smaller(Vec::width, larger(0, t.K - first - j));
      const float* from = w + c * t.K + first + j;
      transform_filters(
          [&](int tap) BRASA_INLINE_LAMBDA {
            return load(from + tap * t.C * t.K, {0, static_cast<int>(left)});
          },
          packed + j, step);
    }
  }
}

// w is (3,3,K,C): squares of it turn in registers, and the taps in their order.
void transform_rotated_panel(const TiledConv& t, const float* w, Range sum, int64_t first,
                             int64_t width, float* packed, int64_t step) {
  constexpr int kTaps = kWinogradFilter * kWinogradFilter;
  Vec taps[kTaps][Vec::width];
  for (int64_t j = 0; j < width; j += Vec::width) {
    each_piece(sum.begin, sum.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      for (int tap = 0; tap < kTaps; ++tap) {
        const float* from = w + (kTaps - 1 - tap) * t.K * t.C;
        for (int i = 0; i < Vec::width; ++i) {
          const int64_t k = first + j + i;
          taps[tap][i] = k < t.K ? load(from + k * t.C, piece) : Vec::zero();
        }
        transpose(taps[tap]);
      }
      for (int i = 0; i < piece.n; ++i) {
        transform_filters([&](int tap) BRASA_INLINE_LAMBDA { return taps[tap][i]; },
                          packed + (piece.at - sum.begin + i) * width + j, step);
      }
    });
  }
}

void transform_weights(const Exec& exec, const Layout& l, const TiledConv& t, const float* w,
                       float* packed) {
  const int64_t panels = ceil_div(t.K, kPanel), blocks = sum_blocks(t.C);
  const Range mine = exec.share(panels * blocks);
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    const Range sum = part_of(t.C, blocks, i / panels);
    const int64_t first = i % panels * kPanel, width = panel_width(t.K - first);
    float* to = packed + sum.begin * padded_columns(t.K) + first * (sum.end - sum.begin);
    if (t.rotated) {
      transform_rotated_panel(t, w, sum, first, width, to, l.w_step);
    } else {
      transform_panel(t, w, sum, first, width, to, l.w_step);
    }
  }
}

void transform_tiles(const Layout& l, const TiledConv& t, Range tiles, const float* x,
                     const Own& own) {
  const ImageView image = {x, t.H, t.W, t.C};
  const float* pixel[kFrequencies];
  for (int64_t i = tiles.begin; i < tiles.end; ++i) {
    const TilePlace place = tile_place(l.grid, i);
    find_pixels<kWinogradIn>(image, place.image, place.row - t.pad_top, place.column - t.pad_left,
                             own.zeros, pixel);
    float* to = own.x + (i - tiles.begin) * l.x_row;
    each_piece(0, t.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
      transform_square<kWinogradIn, kWinogradIn>(
          [&](int a, int b) BRASA_INLINE_LAMBDA { return load(pixel[a * kWinogradIn + b], piece); },
          [&](int a, int b, Vec v)
              BRASA_INLINE_LAMBDA { store(v, to + (a * kWinogradIn + b) * l.x_step, piece); });
    });
  }
}

// m (tiles x columns), for every frequency. The panels of w are filled up with zeros: so are the rows
// of m.
void multiply_tiles(const Layout& l, const TiledConv& t, int64_t tiles, Range columns,
                    const float* packed, const Own& own) {
  const int64_t blocks = sum_blocks(t.C);
  GemmBlock gemm = {};
  gemm.rows = tiles;
  gemm.columns = padded_columns(columns.end - columns.begin);
  gemm.a_row = own.x_row;
  gemm.a_column = own.x_column;
  gemm.c_row = own.m_row;
  gemm.activation = kNoActivation;
  for (int64_t f = 0; f < kFrequencies; ++f) {
    gemm.c = own.m + f * l.m_step;
    for (int64_t i = 0; i < blocks; ++i) {
      const Range sum = part_of(t.C, blocks, i);
      gemm.sum = sum.end - sum.begin;
      gemm.a = own.x + f * l.x_step + sum.begin;
      gemm.b = packed_block(packed + f * l.w_step, t.K, sum, columns.begin);
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

void write_tiles(const Layout& l, const TiledConv& t, Range tiles, Range columns, const float* b,
                 const Own& own, float* y) {
  const bool relu = t.activation.kind == ActivationKind::kRelu;
  Epilogue epilogue = {Vec::zero(), Vec::all(relu ? 0.f : -__builtin_inff()),
                       relu ? kNoActivation : t.activation, t.write == Write::kAdd};
  for (int64_t i = tiles.begin; i < tiles.end; ++i) {
    const TilePlace place = tile_place(l.grid, i);
    const int rows = static_cast<int>(smaller(kWinogradOut, t.P - place.row));
    const int across = static_cast<int>(smaller(kWinogradOut, t.Q - place.column));
    const float* m = own.m + (i - tiles.begin) * l.m_row;
    float* to = y + ((place.image * t.P + place.row) * t.Q + place.column) * t.K + columns.begin;
    each_piece(0, columns.end - columns.begin, [&](Piece piece) BRASA_INLINE_LAMBDA {
      if (b != nullptr) epilogue.bias = load(b + columns.begin, piece);
      write_piece(m, l.m_step, piece, epilogue, rows, across, to, t.Q * t.K, t.K);
    });
  }
}

}  // namespace

void tiled_conv(const Exec& exec, const TiledConv& t, const float* x, const float* w,
                const float* b, float* y) {
  const Layout l(t);
  float* packed = reinterpret_cast<float*>(exec.scratch);
  const Own own(l, t, exec.scratch + l.shared_bytes() + exec.thread * l.thread_bytes(t));
  transform_weights(exec, l, t, w, packed);
  exec.barrier();
  const Range mine = exec.share(l.grid.total);
  const int64_t count = mine.end - mine.begin, blocks = ceil_div(count, l.tiles);
  for (int64_t i = 0; i < blocks; ++i) {
    const Range part = part_of(count, blocks, i);
    const Range tiles = {mine.begin + part.begin, mine.begin + part.end};
    transform_tiles(l, t, tiles, x, own);
    for (int64_t k = 0; k < t.K; k += l.columns) {
      const Range columns = {k, smaller(t.K, k + l.columns)};
      multiply_tiles(l, t, tiles.end - tiles.begin, columns, packed, own);
      write_tiles(l, t, tiles, columns, b, own, y);
    }
  }
}

int64_t tiled_conv_workspace(const TiledConv& t, int threads) {
  const Layout l(t);
  return l.shared_bytes() + threads * l.thread_bytes(t);
}

}  // namespace brasa::cpu::BRASA_ISA
