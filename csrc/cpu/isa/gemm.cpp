#include "cpu/isa/gemm.h"

#include "cpu/isa/activate.h"
#include "cpu/isa/gemm_kernel.h"
#include "cpu/isa/gemm_pair.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// relu is part of the tile. The others come here, while c is in a near cache.
void activate_rows(Activation activation, int64_t rows, int64_t columns, const int64_t* row,
                   float* c) {
  for (int64_t i = 0; i < rows; ++i) {
    float* p = c + row[i];
    each_piece(0, columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(activate(activation, load(p, piece)), p, piece);
    });
  }
}

// All rows for one panel of columns. The heights of the tiles differ by one row at most: 7 rows are
// 4 + 3, not 6 + 1.
template <int Rows, int Vectors, bool kInPlace>
void multiply_panel(const GemmBlock& g, TileOperands operands, bool activate_after) {
  if (g.rows == 0) return;
  const int64_t tiles = ceil_div(g.rows, Rows);
  operands.next_step = smaller(kNextStep * g.sum, ceil_div(operands.next_step, tiles));
  const int64_t height = g.rows / tiles, taller = g.rows % tiles;
  // Tiles stored in whole vectors. In a dense c that is all but the last: what a vector writes past its
  // row belongs to later rows.
  const int missing = Vectors * Vec::width - operands.columns;
  int64_t whole = missing == 0 ? tiles : 0;
  if (missing > 0 && g.dense && g.columns <= kPanel && !g.add) {
    whole = larger(0, tiles - ceil_div(ceil_div(missing, operands.columns), height));
  }
  for (int64_t tile = 0, row = 0; tile < tiles;) {
    // The tiles up to `end` are alike.
    const bool tall = tile < taller;
    int64_t end = tall ? taller : tiles;
    operands.whole = tile < whole;
    if (operands.whole) end = smaller(end, whole);
    const int64_t rows = height + tall;
    compute_tiles_of<Rows, Vectors, kInPlace>(static_cast<int>(rows), end - tile, operands,
                                              g.a_row + row, g.c_row + row);
    operands.next += (end - tile) * operands.next_step;
    row += (end - tile) * rows;
    tile = end;
  }
  if (activate_after) activate_rows(g.activation, g.rows, operands.columns, g.c_row, operands.c);
}

// The same for two panels. operands.next_step: floats of the next two panels, half of them in each.
void multiply_pair(const GemmBlock& g, TileOperands operands, const Pair& pair, bool after) {
  if (g.rows == 0) return;
  const int64_t tiles = ceil_div(g.rows, kPairRows);
  operands.next_step = smaller(kNextStep * g.sum, ceil_div(operands.next_step, 2 * tiles));
  operands.whole = operands.columns == kPanel;
  const int64_t height = g.rows / tiles, tall = g.rows % tiles;
  compute_pairs_of<kPairRows>(static_cast<int>(height + 1), tall, operands, pair, g.a_row, g.c_row);
  operands.next += tall * operands.next_step;
  const int64_t row = tall * (height + 1);
  compute_pairs_of<kPairRows>(static_cast<int>(height), tiles - tall, operands, pair, g.a_row + row,
                              g.c_row + row);
  if (!after) return;
  activate_rows(g.activation, g.rows, kPanel, g.c_row, operands.c);
  activate_rows(g.activation, g.rows, operands.columns, g.c_row, operands.c + pair.c);
}

}  // namespace

void multiply_block(const GemmBlock& g) {
  const ActivationKind kind = g.activation.kind;
  const bool relu = kind == ActivationKind::kRelu;
  const bool after = kind != ActivationKind::kNone && !relu;
  const int64_t b_panel = g.b_panel != 0 ? g.b_panel : g.b_step != 0 ? kPanel : kPanel * g.sum;
  const int64_t c_panel = g.c_panel != 0 ? g.c_panel : kPanel;
  TileOperands tile = {};
  tile.sum = g.sum;
  tile.a = g.a;
  tile.column = g.a_column;
  tile.b = g.b;
  tile.c = g.c;
  tile.add = g.add;
  tile.bias = g.bias;
  tile.floor = relu ? 0.f : -__builtin_inff();
  for (int64_t j = 0; j < g.columns;) {
    const bool pair =
        kHasPairs && g.b_step == 0 && !g.overlaps && g.columns - j > kPanel + Vec::width;
    const int64_t width = pair ? 2 * kPanel : kPanel;
    const int64_t panels = pair ? 2 : 1;
    tile.next = tile.b + panels * b_panel;
    tile.next_step = width * g.sum;  // in all, so far
    int64_t next_second = b_panel;
    if (g.next != nullptr) {
      const int64_t count = ceil_div(g.columns, kPanel);
      const Range part = {g.next_floats * (j / kPanel) / count,
                          g.next_floats * (j / kPanel + panels) / count};
      tile.next = g.next + part.begin;
      tile.next_step = part.end - part.begin;
      next_second = tile.next_step / 2;
    }
    j += width;
    if (pair) {
      tile.columns = static_cast<int>(smaller(kPanel, g.columns - j + kPanel));
      multiply_pair(g, tile, {b_panel, c_panel, next_second}, after);
      tile.b += 2 * b_panel;
      tile.c += 2 * c_panel;
      if (tile.bias != nullptr) tile.bias += 2 * kPanel;
      continue;
    }
    tile.columns = static_cast<int>(smaller(kPanel, g.columns - j + kPanel));
    const bool narrow = tile.columns <= Vec::width;
    // Half of a wide panel is read as a matrix in place.
    tile.b_step = g.b_panel != 0 && narrow ? kPanel : g.b_step;
    const bool in_place = tile.b_step != 0;
    if (in_place && narrow) {
      // In place, the mask of the last columns and the step of b take registers too.
      multiply_panel<kNarrowTileRows - 2, 1, true>(g, tile, after);
    } else if (in_place) {
      multiply_panel<kTileRows - 1, kTileVectors, true>(g, tile, after);
    } else if (narrow) {
      multiply_panel<kNarrowTileRows, 1, false>(g, tile, after);
    } else {
      multiply_panel<kTileRows, kTileVectors, false>(g, tile, after);
    }
    tile.b += b_panel;
    tile.c += c_panel;
    if (tile.bias != nullptr) tile.bias += kPanel;
  }
}

}  // namespace brasa::cpu::BRASA_ISA
