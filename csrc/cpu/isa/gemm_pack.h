// Panels of b. A panel holds kPanel neighbouring columns of one block of the sum, row after row, so
// that a tile reads it as one stream; the last panel of a matrix is one vector wide if that is
// enough, and filled up with zeros. Order: blocks of the sum, in each the panels from left to right.
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/gemm_blocking.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

// b where row l, column j is b[l * row_step + j], or, transposed, b[j * row_step + l].
struct MatrixB {
  const float* data;
  int64_t row_step;
  bool transposed;

  // Its part that begins at row l and column j.
  BRASA_INLINE MatrixB from(int64_t l, int64_t j) const {
    return {transposed ? data + j * row_step + l : data + l * row_step + j, row_step, transposed};
  }
};

namespace {

BRASA_INLINE int64_t panel_width(int64_t columns) {
  return columns <= Vec::width ? Vec::width : kPanel;
}
BRASA_INLINE int64_t panel_columns(int64_t columns) { return columns < kPanel ? columns : kPanel; }
BRASA_INLINE int64_t padded_columns(int64_t columns) {
  const int64_t rest = columns % kPanel;
  return columns - rest + (rest == 0 ? 0 : panel_width(rest));
}

// Rows lie too far apart for the prefetcher of the hardware: they are called for some rows ahead.
constexpr int64_t kPackRowsAhead = 8;

// Any number of panels, row by row: a line that two of them share is read once.
BRASA_INLINE void pack_rows(int64_t sum, int64_t columns, const float* b, int64_t row_step,
                            float* packed) {
  for (int64_t l = 0; l < sum; ++l, b += row_step) {
    for (int64_t j = 0; j < columns; j += kPanel) {
      const int64_t there = panel_columns(columns - j), width = panel_width(columns - j);
      float* panel = packed + j * sum + l * width;
      for (int64_t i = 0; i < there; i += kLine) {
        __builtin_prefetch(b + kPackRowsAhead * row_step + j + i);
      }
      each_piece(0, there, [&](Piece piece) BRASA_INLINE_LAMBDA {
        load(b + j, piece).store(panel + piece.at);
      });
    }
  }
}

// One square of vectors after the other: `width` columns of b, each contiguous, turn in registers.
BRASA_INLINE void pack_columns(int64_t sum, int64_t columns, const float* b, int64_t row_step,
                               float* panel) {
  const int64_t width = panel_width(columns);
  for (int64_t j = 0; j < width; j += Vec::width) {
    each_piece(0, sum, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec square[Vec::width];
      BRASA_UNROLL_ALL
      for (int i = 0; i < Vec::width; ++i) {
        const float* column = b + (j + i) * row_step;
        if (j + i < columns) __builtin_prefetch(column + piece.at + 2 * Vec::width);
        square[i] = j + i < columns ? load(column, piece) : Vec::zero();
      }
      transpose(square);
      BRASA_UNROLL_ALL
      for (int i = 0; i < Vec::width; ++i) {
        if (i < piece.n) square[i].store(panel + (piece.at + i) * width + j);
      }
    });
  }
}

// Any number of panels of one block of the sum.
BRASA_INLINE void pack_panels(int64_t sum, int64_t columns, const MatrixB& b, float* packed) {
  if (!b.transposed) return pack_rows(sum, columns, b.data, b.row_step, packed);
  for (int64_t j = 0; j < columns; j += kPanel) {
    pack_columns(sum, panel_columns(columns - j), b.from(0, j).data, b.row_step, packed + j * sum);
  }
}

// A block of a, packed where its rows lie far apart or in too many places: kTileRows neighbouring rows
// at a time, l by l, as the tile reads them. The groups keep a gap, which takes what a vector writes
// past the last row.
constexpr int64_t kPackedGroup = kTileRows * (kBlockSum + Vec::width);
constexpr int64_t kPackedA = kBlockRows / kTileRows * kPackedGroup;

BRASA_INLINE void fill_packed_rows(int64_t rows, int64_t* offset) {
  for (int64_t i = 0; i < rows; ++i) offset[i] = i / kTileRows * kPackedGroup + i % kTileRows;
}

// A column lies on other lines than the one before it, often in another page, which no hardware foresees:
// it is called for some columns ahead.
constexpr int64_t kPackAhead = 8;

BRASA_INLINE void pack_a(int64_t rows, int64_t sum, const float* a, const int64_t* a_row,
                         const int64_t* a_column, float* packed) {
  for (int64_t l = 0; l < sum; ++l) {
    const float* from = a + a_column[l];
    const float* ahead = a + a_column[l + kPackAhead < sum ? l + kPackAhead : l];
    float* to = packed + l * kTileRows;
    for (int64_t i = 0; i < rows; i += kTileRows, to += kPackedGroup) {
      const int count = static_cast<int>(rows - i < kTileRows ? rows - i : kTileRows);
      __builtin_prefetch(ahead + a_row[i]);
      if (a_row[i + count - 1] - a_row[i] == count - 1) {
        each_piece(0, count, [&](Piece piece) BRASA_INLINE_LAMBDA {
          load(from + a_row[i], piece).store(to + piece.at);
        });
      } else {
        for (int j = 0; j < count; ++j) to[j] = from[a_row[i + j]];
      }
    }
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
