#include "cpu/isa/gemm.h"

#include "cpu/isa/activate.h"
#include "cpu/isa/gemm_kernel.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// relu is part of the tile. The others come here, while the tile is in the first-level cache.
void activate_rows(Activation activation, int rows, int64_t columns, const int64_t* row, float* c) {
  for (int i = 0; i < rows; ++i) {
    float* p = c + row[i];
    each_piece(0, columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(activate(activation, load(p, piece)), p, piece);
    });
  }
}

// All rows for one panel of columns. The heights of the tiles differ by one row at most: 7 rows are
// 4 + 3, not 6 + 1.
template <int Rows, int Vectors, bool kInPlace>
void multiply_panel(const GemmBlock& g, TileOperands tile, bool activate_after) {
  const int64_t tiles = ceil_div(g.rows, Rows);
  // In a dense c, what a full vector writes past its row is the next row's, which comes later.
  const int missing = Vectors * Vec::width - tile.columns;
  const bool dense = g.dense && g.columns <= kPanel && !g.add;
  const int64_t rows_over = dense ? ceil_div(missing, tile.columns) : g.rows;
  const int64_t height = g.rows / larger(1, tiles), taller = g.rows - height * tiles;
  int64_t row = 0;
  for (int64_t t = 0; t < tiles; ++t) {
    const int rows = static_cast<int>(height + (t < taller));
    tile.row = g.a_row + row;
    tile.c_row = g.c_row + row;
    row += rows;
    tile.whole = missing == 0 || row + rows_over <= g.rows;
    compute_tile_of<Rows, Vectors, kInPlace>(rows, tile);
    if (activate_after) activate_rows(g.activation, rows, tile.columns, tile.c_row, tile.c);
  }
}

}  // namespace

void multiply_block(const GemmBlock& g) {
  const ActivationKind kind = g.activation.kind;
  const bool relu = kind == ActivationKind::kRelu;
  const bool after = kind != ActivationKind::kNone && !relu;
  const bool in_place = g.b_step != 0;
  TileOperands tile = {g.sum,
                       g.a,
                       nullptr,
                       g.a_column,
                       g.b,
                       g.b_step,
                       g.c,
                       nullptr,
                       0,
                       false,
                       g.add,
                       g.bias,
                       relu ? 0.f : -__builtin_inff()};
  for (int64_t j = 0; j < g.columns; j += kPanel) {
    tile.columns = static_cast<int>(smaller(kPanel, g.columns - j));
    const bool narrow = tile.columns <= Vec::width;
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
    tile.b += in_place ? kPanel : kPanel * g.sum;
    tile.c += kPanel;
    if (tile.bias != nullptr) tile.bias += kPanel;
  }
}

}  // namespace brasa::cpu::BRASA_ISA
