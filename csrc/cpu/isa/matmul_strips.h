// Products of a few rows of a with a b that lies as it is: b is read once, in the order in which it lies, while the
// sums of a strip of its columns with all rows stay in the first-level cache. A walk down the columns with the sums
// in registers jumps a page each time where rows are long, and got 13 GB/s of 45 for 4096 columns (Zen 3, one core).
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/pieces.h"
#include "ops/matmul.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// At most so many rows of a.
constexpr int64_t kStripRows = 16;

// Floats of the sums of a strip. For one row these are runs of whole pages of b: strips of 4096 columns read it at
// 28 GB/s, of 1024 at 23 (Zen 3, one core, rows of 4096).
constexpr int64_t kStripSums = 4096;

// a (m, k) as it lies.
struct RowsOfA {
  const float* data;
  int64_t row_step, column_step;

  BRASA_INLINE RowsOfA(const MatmulShape& s, const float* a)
      : data(a), row_step(s.transpose_a ? 1 : s.k), column_step(s.transpose_a ? s.m : 1) {}
  BRASA_INLINE float at(int64_t i, int64_t l) const { return data[i * row_step + l * column_step]; }
};

// The sums of a strip with all rows. Between them lies a line: at steps of a power of two they would share their
// places in the cache.
struct StripSums {
  int64_t columns, step;
  alignas(64) float sums[kStripSums + kStripRows * kLine];

  explicit StripSums(int64_t rows)
      : columns(kStripSums / rows / kLine * kLine), step(columns + kLine) {}
  BRASA_INLINE float* row(int64_t i) { return sums + i * step; }
};

// Some columns of b.
struct Strip {
  const float* b;
  int64_t b_step, columns;
};

// sums[i][j] += a[i][l] * b[l][j] for `Terms` neighbouring l and `Rows` rows from `first` on. The first rows call for
// the terms after these, which lie in other pages; a row alone leaves that to the hardware, and is faster for it.
template <int Rows, int Terms>
BRASA_INLINE void add_terms(const RowsOfA& a, int64_t first, int64_t l, const Strip& s,
                            StripSums& sums) {
  Vec factor[Rows][Terms];
  const float* from[Terms];
  float* to[Rows];
  const int64_t ahead = first == 0 ? Terms * s.b_step : 0;
  BRASA_UNROLL_ALL
  for (int term = 0; term < Terms; ++term) from[term] = s.b + (l + term) * s.b_step;
  BRASA_UNROLL_ALL
  for (int i = 0; i < Rows; ++i) {
    to[i] = sums.row(first + i);
    BRASA_UNROLL_ALL
    for (int term = 0; term < Terms; ++term) factor[i][term] = Vec::all(a.at(first + i, l + term));
  }
  each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum[Rows];
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) sum[i] = load(to[i], piece);
    BRASA_UNROLL_ALL
    for (int term = 0; term < Terms; ++term) {
      const Vec b_l = held(load(from[term], piece));  // else GCC loads it for each row
      if (Rows > 1) __builtin_prefetch(from[term] + ahead + piece.at);
      BRASA_UNROLL_ALL
      for (int i = 0; i < Rows; ++i) sum[i] = fma(factor[i][term], b_l, sum[i]);
    }
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) store(sum[i], to[i], piece);
  });
}

// Four rows at a time: with four terms, 16 FMAs for eight loads and four stores.
template <int Terms>
void add_terms_to_rows(int64_t rows, const RowsOfA& a, int64_t l, const Strip& s, StripSums& sums) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) add_terms<4, Terms>(a, i, l, s, sums);
  if (rows - i == 3) add_terms<3, Terms>(a, i, l, s, sums);
  if (rows - i == 2) add_terms<2, Terms>(a, i, l, s, sums);
  if (rows - i == 1) add_terms<1, Terms>(a, i, l, s, sums);
}

template <int Terms>
void add_all_terms(int64_t rows, const RowsOfA& a, Range terms, const Strip& s, StripSums& sums) {
  int64_t l = terms.begin;
  for (; l + Terms <= terms.end; l += Terms) add_terms_to_rows<Terms>(rows, a, l, s, sums);
  for (; l < terms.end; ++l) add_terms_to_rows<1>(rows, a, l, s, sums);
}

// f(i, piece of the strip, its sums) for all rows i: sum over l in `terms` of a[i][l] * b[l][j].
template <class F>
BRASA_INLINE void multiply_strip(int64_t rows, const RowsOfA& a, Range terms, const Strip& s,
                                 StripSums& sums, F f) {
  for (int64_t i = 0; i < rows; ++i) {
    each_piece(0, s.columns,
               [&](Piece piece) BRASA_INLINE_LAMBDA { store(Vec::zero(), sums.row(i), piece); });
  }
  if (rows == 1) {
    add_all_terms<8>(rows, a, terms, s,
                     sums);  // 16 were slower: more streams than the hardware follows
  } else {
    add_all_terms<4>(rows, a, terms, s, sums);
  }
  for (int64_t i = 0; i < rows; ++i) {
    each_piece(0, s.columns,
               [&](Piece piece) BRASA_INLINE_LAMBDA { f(i, piece, load(sums.row(i), piece)); });
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
