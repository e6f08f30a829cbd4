// How a matrix product is cut, and one part of it: some rows and columns of c for one block of the sum.
#pragma once

#include "cpu/isa/gemm.h"
#include "ops/matmul.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// With so few rows (two tiles) packing b would cost as much as the product.
constexpr int64_t kInPlaceRows = 2 * kTileRows;

// From so many columns on, a block of a is copied before use: it then lies in few pages, and no two
// rows share their places in the caches. A transposed a, read across its rows, gains sooner.
constexpr int64_t kCopyColumns = 512, kCopyColumnsTransposed = 256;
constexpr int64_t kCopyStep = kBlockSum + Vec::width;  // floats from row to row of the copy
static_assert(kBlockRows * kCopyStep == kPackedA);

// Columns that a thread takes at once: runs of some cache lines.
constexpr int64_t kPieceColumns = 4 * kPanel;

// Up to so many rows each thread packs the columns that it multiplies for itself: b then passes from core to
// core once, not twice, and nobody waits. Two cores of Sapphire Rapids: 32 x 400 x 120 in 45 us, where the packed
// panels are shared 54; 256^3 at 0.86 of MKL's speed (0.78). Of more rows a is read too often: 1024^3 0.78 (0.90).
constexpr int64_t kApartRows = 288;
// Panels packed at once: their rows are read as one stretch of memory.
constexpr int64_t kApartPanels = 4;

// Longer sums than a block's: up to so many floats b is packed at once, 1.25 MiB of a second-level cache, and c
// is then read and written by blocks of rows while these are near. GF/s on two cores of Sapphire Rapids, before and
// after: 25088 x 576 x 128 182 -> 202, 6272 x 1024 x 256 235 -> 247, 4096 x 4096 x 32 196 -> 208 (avx2 106 -> 134);
// of 4 MiB b comes from farther away: 600 x 2048 x 512 229 -> 214.
constexpr int64_t kStayingB = 320 * 1024;

// How one matrix of the batch is cut; the sum by the shape alone.
struct Cut {
  int64_t sum_blocks, column_blocks, panels;
  bool copies_a;
  int64_t packed, all_packed;  // floats of one packed block of b, of all

  BRASA_INLINE explicit Cut(const MatmulShape& s)
      : sum_blocks(BRASA_ISA::sum_blocks(s.k)),
        column_blocks(ceil_div(s.n, kBlockColumns)),
        panels(ceil_div(s.n, kPanel)),
        copies_a(s.m > kInPlaceRows &&
                 s.n >= (s.transpose_a ? kCopyColumnsTransposed : kCopyColumns)) {
    packed = ceil_div(s.k, sum_blocks) * ceil_div(panels, larger(1, column_blocks)) * kPanel;
    all_packed = packed_size(s.k, s.n);
  }
  // What one thread packs at once where each packs for itself.
  BRASA_INLINE int64_t apart_floats(int64_t k) const {
    return round_up(ceil_div(k, sum_blocks) * smaller(panels, kApartPanels) * kPanel, kLine);
  }
};

// Rows [0, rows) of one block of the sum, each contiguous.
void copy_rows_of_a(int64_t rows, int64_t sum, const float* a, int64_t step, float* copy) {
  for (int64_t i = 0; i < rows; ++i) {
    each_piece(0, sum, [&](Piece piece) BRASA_INLINE_LAMBDA {
      __builtin_prefetch(a + (i + 1) * step + piece.at);
      store(load(a + i * step, piece), copy + i * kCopyStep, piece);
    });
  }
}

// A part of c, for one block of the sum.
struct Part {
  Range rows, sum;
  int64_t first_column;
};

void multiply_part(const MatmulShape& s, const Part& part, GemmBlock g, const float* a, float* c,
                   float* copy) {
  int64_t a_row[kBlockRows], copy_row[kBlockRows], c_row[kBlockRows];
  int64_t a_column[kBlockSum], copy_column[kBlockSum];
  const int64_t row_step = s.transpose_a ? 1 : s.k, column_step = s.transpose_a ? s.m : 1;
  const int64_t most_rows = smaller(part.rows.end - part.rows.begin, kBlockRows);
  g.sum = part.sum.end - part.sum.begin;
  fill_offsets(most_rows, row_step, a_row);
  fill_offsets(most_rows, s.n, c_row);
  fill_offsets(g.sum, column_step, a_column);
  if (copy != nullptr && s.transpose_a) {
    fill_packed_rows(most_rows, copy_row);
    fill_offsets(g.sum, kTileRows, copy_column);
  } else if (copy != nullptr) {
    fill_offsets(most_rows, kCopyStep, copy_row);
  }
  g.c_row = c_row;
  for (int64_t i = part.rows.begin; i < part.rows.end; i += kBlockRows) {
    g.rows = smaller(kBlockRows, part.rows.end - i);
    g.a = a + i * row_step + part.sum.begin * column_step;
    g.a_row = a_row;
    g.a_column = a_column;
    if (copy != nullptr) {
      if (s.transpose_a) {
        pack_a(g.rows, g.sum, g.a, a_row, a_column, copy);
        g.a_column = copy_column;
      } else {
        copy_rows_of_a(g.rows, g.sum, g.a, s.k, copy);
      }
      g.a = copy;
      g.a_row = copy_row;
    }
    g.c = c + i * s.n + part.first_column;
    multiply_block(g);
  }
}

// What is the same for all rows of a part of c.
GemmBlock begin_block(const MatmulShape& s, const Part& part, int64_t columns, const float* bias) {
  const bool last = part.sum.end == s.k;
  GemmBlock g = {};
  g.columns = columns;
  g.dense = columns == s.n;
  g.add = s.write == Write::kAdd || part.sum.begin > 0;
  g.bias = last && bias != nullptr ? bias + part.first_column : nullptr;
  g.activation = last && s.write == Write::kSet ? s.activation : kNoActivation;
  return g;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
