// The register tile: c[i][j] (+)= sum over l of a[i][l] * b[l][j], and the last touch on c.
//
// Element (i, l) of a lies at a[row[i] + column[l]]. That one form covers a matrix, its transpose,
// and the patches of a convolution (row: the pixel, column: the tap; or the other way round), so
// nothing is copied to suit the tile. Reading column[l] costs nothing beside 12 FMAs: tiles with
// pointers stepping through contiguous memory measured the same.
//
// Every sum runs over l in order, one FMA after the other, whatever the shape of the tile: a result
// does not depend on how rows and columns are cut.
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/columns.h"
#include "cpu/isa/gemm_blocking.h"

namespace brasa::cpu::BRASA_ISA {

struct TileOperands {
  int64_t sum;  // l < sum
  const float* a;
  const int64_t* column;
  const float* b;
  int64_t b_step;     // floats from one l to the next, where b lies in place
  float* c;           // row i starts at c + c_row[i]
  int columns;        // of the last vector of b and c, only the first ones may exist
  bool whole;         // c takes full vectors: more columns exist, or will be overwritten
  bool add;           // to what c holds
  const float* bias;  // or null
  const float* next;  // what is needed after these tiles, fetched while they are computed
  int64_t next_step;  // floats of it for each tile, at most kNextStep * sum
  float floor;        // c = max(floor, c): 0 for relu, -infinity for none
};

namespace {

// c = max(floor, (c +) sums + bias), one row. max() gives its second operand when that is NaN.
template <int Vectors, bool kAdd>
BRASA_INLINE void finish_row(const Vec (&sums)[Vectors], const Vec (&bias)[Vectors], Vec floor,
                             int columns, float* c) {
  Vec out[Vectors];
  if (kAdd) load_columns<Vectors>(c, columns, out);
  unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA {
    out[v] = max(floor, (kAdd ? out[v] + sums[v] : sums[v]) + bias[v]);
  });
  store_columns<Vectors>(c, columns, out);
}

// kInPlace: b lies as the caller stores it, and only its first t.columns columns may be read. Else it
// is a packed panel, filled up with zeros.
template <int Rows, int Vectors, bool kInPlace>
BRASA_INLINE void compute_tile(const TileOperands& t, const int64_t* row, const int64_t* c_row,
                               const float* next) {
  constexpr int kWidth = Vectors * Vec::width;
  const float* a[Rows];
  Vec acc[Rows][Vectors];
  unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
    a[i] = t.a + row[i];
    asm("" : "+r"(a[i]));  // One register each: GCC would add base and offset anew at every step.
    unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA { acc[i][v] = Vec::zero(); });
  });

  const int64_t* column = t.column;
  const float* b = t.b;
  // Between stretches of steps some lines are called for: those of c, which the end of the tile meets, row
  // by row, because all at once would take every fill buffer from the loads of a and b (6400 x 512 x 128,
  // Sapphire Rapids: 99 -> 114 GF/s); and what `next` is, into the second-level cache (where b comes from
  // memory, an LSTM of 1024 units and 32 rows, 8 to 15 % less time, Zen 3). In the steps themselves the two
  // addresses would take registers from the rows.
  const int64_t rows_each = Rows * kStretch / (t.sum + 1) + 1;
  int64_t called = 0;
  for (int64_t left = t.sum; left > 0; left -= kStretch) {
    for (int64_t end = called + rows_each; called < end && called < Rows; ++called) {
      const float* line = t.c + c_row[called];
      unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA { claim(line + v * Vec::width); });
    }
    if (!kInPlace) {
      unrolled<kStretchLines>([&](int i)
                                  BRASA_INLINE_LAMBDA { __builtin_prefetch(next + 16 * i, 0, 2); });
      next += kStretch * kNextStep;
    }
    const int64_t* const stop = column + (left < kStretch ? left : kStretch);
    do {
      const int64_t offset = *column++;
      Vec b_l[Vectors];
      load_columns<Vectors>(b, kInPlace ? t.columns : kWidth, b_l);
      unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
        const Vec a_il = Vec::all(a[i][offset]);
        unrolled<Vectors>([&](int v)
                              BRASA_INLINE_LAMBDA { acc[i][v] = fma(a_il, b_l[v], acc[i][v]); });
      });
      b += kInPlace ? t.b_step : kWidth;
    } while (column != stop);
  }

  Vec bias[Vectors] = {};
  if (t.bias != nullptr) load_columns<Vectors>(t.bias, t.columns, bias);
  const Vec floor = Vec::all(t.floor);
  // Copies: the stores might change `t`, as far as the compiler knows.
  float* const c = t.c;
  const int columns = t.columns;
  const bool add = t.add;
  if (t.whole && add) {
    unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
      finish_row<Vectors, true>(acc[i], bias, floor, kWidth, c + c_row[i]);
    });
  } else if (t.whole) {
    unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
      finish_row<Vectors, false>(acc[i], bias, floor, kWidth, c + c_row[i]);
    });
  } else {
    Vec sums[Rows][Vectors];  // in memory, for a loop: the code would be long
    unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
      unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA { sums[i][v] = acc[i][v]; });
    });
    asm("" : "+m"(sums));
    for (int i = 0; i < Rows; ++i) {
      if (add) {
        finish_row<Vectors, true>(sums[i], bias, floor, columns, c + c_row[i]);
      } else {
        finish_row<Vectors, false>(sums[i], bias, floor, columns, c + c_row[i]);
      }
    }
  }
}

// `tiles` of them, one below the other.
template <int Rows, int Vectors, bool kInPlace>
__attribute__((noinline)) void compute_tiles(int64_t tiles, const TileOperands& operands,
                                             const int64_t* row, const int64_t* c_row) {
  const TileOperands t = operands;
  const float* next = t.next;
  for (int64_t i = 0; i < tiles; ++i, row += Rows, c_row += Rows, next += t.next_step) {
    compute_tile<Rows, Vectors, kInPlace>(t, row, c_row, next);
  }
}

// The same with rows <= Rows each, chosen at run time.
template <int Rows, int Vectors, bool kInPlace>
BRASA_INLINE void compute_tiles_of(int rows, int64_t tiles, const TileOperands& operands,
                                   const int64_t* row, const int64_t* c_row) {
  if constexpr (Rows == 1) {
    compute_tiles<1, Vectors, kInPlace>(tiles, operands, row, c_row);
  } else if (rows == Rows) {
    compute_tiles<Rows, Vectors, kInPlace>(tiles, operands, row, c_row);
  } else {
    compute_tiles_of<Rows - 1, Vectors, kInPlace>(rows, tiles, operands, row, c_row);
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
