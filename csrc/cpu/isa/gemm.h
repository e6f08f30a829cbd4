// The loops around the register tile, shared by matmul and conv2d.
#pragma once

#include "core/exec.h"
#include "cpu/isa/gemm_pack.h"
#include "ops/activation.h"

namespace brasa::cpu::BRASA_ISA {

// One block of the sum: c[i][j] (+)= sum over l of a[i][l] * b[l][j], then + bias and activation.
struct GemmBlock {
  int64_t rows, columns, sum;
  const float* a;  // element (i, l) at a[a_row[i] + a_column[l]]: see gemm_kernel.h
  const int64_t *a_row, *a_column;
  const float* b;
  int64_t b_step;  // 0: packed panels; else b lies in place, this many floats from row to row
  int64_t
      b_panel;  // floats from panel to panel, all of them kPanel wide; 0: as pack_unit leaves them
  float* c;     // row i at c + c_row[i]
  const int64_t* c_row;
  int64_t c_panel;    // floats from the columns of one panel to those of the next; 0: kPanel
  bool dense;         // c has no other columns: a row begins where the one before it ends
  bool overlaps;      // rows of c share elements, whose sums keep the order of the panels
  bool add;           // to what c holds
  const float* bias;  // or null
  Activation activation;
  const float* next;  // what is needed after this block, fetched meanwhile; null: the panels of b
  int64_t next_floats;
};

// By one thread. Nothing outside the rows and columns is read or written.
void multiply_block(const GemmBlock& block);

namespace {

constexpr Activation kNoActivation = {ActivationKind::kNone, 0.f};

BRASA_INLINE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
BRASA_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
BRASA_INLINE int64_t round_up(int64_t a, int64_t to) { return ceil_div(a, to) * to; }
BRASA_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// Part `index` of [0, count) cut into `parts` of nearly equal length.
BRASA_INLINE Range part_of(int64_t count, int64_t parts, int64_t index) {
  return {count * index / parts, count * (index + 1) / parts};
}

// At least one block, so that an empty sum is still written.
BRASA_INLINE int64_t sum_blocks(int64_t sum) { return larger(1, ceil_div(sum, kBlockSum)); }

BRASA_INLINE int64_t packed_size(int64_t sum, int64_t columns) {
  return sum * padded_columns(columns);
}

// The part of a packed matrix that belongs to one block of the sum, from column first on.
BRASA_INLINE const float* packed_block(const float* packed, int64_t columns, Range sum,
                                       int64_t first) {
  return packed + sum.begin * padded_columns(columns) + first * (sum.end - sum.begin);
}

// Packing b (sum x columns) falls into units: one panel in one block of the sum.
BRASA_INLINE int64_t pack_units(int64_t sum, int64_t columns) {
  return sum_blocks(sum) * ceil_div(columns, kPanel);
}
BRASA_INLINE void pack_unit(int64_t sum, int64_t columns, const MatrixB& b, int64_t unit,
                            float* packed) {
  const int64_t panels = ceil_div(columns, kPanel), j = unit % panels * kPanel;
  const Range block = part_of(sum, sum_blocks(sum), unit / panels);
  pack_panels(block.end - block.begin, smaller(kPanel, columns - j), b.from(block.begin, j),
              packed + block.begin * padded_columns(columns) + j * (block.end - block.begin));
}

// The threads as a grid over rows and columns whose largest part is the cheapest: a tile for each row and
// column, and what it takes to fetch them first, mostly from another core: half a tile for a column, a
// fifth for a row. Where that leaves a choice, as few columns of threads as possible. (LeNet's dense
// layer, data gradient of 8 images, Zen 3: parts of 2 x 13 take 0.75 of the time of 1 x 25.)
BRASA_INLINE int64_t grid_columns(const Exec& exec, int64_t rows, int64_t columns) {
  const int64_t threads = exec.threads;
  int64_t best = threads, least = -1;
  for (int64_t down = threads; down >= 1; --down) {
    if (threads % down != 0) continue;
    const int64_t down_each = ceil_div(rows, down), across_each = ceil_div(columns, threads / down);
    const int64_t largest = 10 * down_each * across_each + 2 * down_each + 5 * across_each;
    if (least < 0 || largest < least) {
      best = down;
      least = largest;
    }
  }
  return threads / best;
}

// A rectangle of a product: rows and columns in whatever unit the grid has.
struct Rectangle {
  Range rows, columns;
};

// How rows are handed out: at most so many in a piece, cut at multiples of the grain.
struct RowPieces {
  int64_t most, grain = 1;
};

// f(Rectangle) for what this thread takes of a grid. The grain divides the rows, or is 1.
template <class F>
BRASA_INLINE void each_rectangle(const Exec& exec, int64_t rows, int64_t columns, RowPieces pieces,
                                 F f) {
  const int64_t parts = grid_columns(exec, rows, columns);
  for (const Range mine : exec.portions(parts * rows, pieces.most, pieces.grain)) {
    for (int64_t at = mine.begin; at < mine.end;) {
      const int64_t part = at / rows, first = part * rows, end = smaller(mine.end - first, rows);
      f(Rectangle{{at - first, end}, part_of(columns, parts, part)});
      at = first + end;
    }
  }
}

// out[i] = i * step
BRASA_INLINE void fill_offsets(int64_t count, int64_t step, int64_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = i * step;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
