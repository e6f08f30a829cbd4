// The statistics of rows, found for a block of rows at a time: what follows the sum of a row (its steps
// across the lanes, root and quotient) is a chain of some 60 cycles, which the sums of the other rows hide.
#pragma once

#include "cpu/isa/strips.h"
#include "ops/layer_norm.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A block is read three times: it stays in a first-level cache of 32 KB, in backward with dy and dx beside
// it.
constexpr int64_t kBlockFloats = 2048;

BRASA_INLINE int64_t rows_at_once(int64_t columns) {
  const int64_t rows = kBlockFloats / columns;
  return rows < 1 ? 1 : rows > Vec::width ? Vec::width : rows;
}

struct Rows {
  const float* x;
  int64_t count, columns;  // count: at most Vec::width

  BRASA_INLINE const float* row(int64_t i) const { return x + i * columns; }
};

// f(block) for all rows of the range.
template <class F>
BRASA_INLINE void each_block(Range rows, const LayerNormShape& s, F f) {
  const int64_t most = rows_at_once(s.columns);
  for (int64_t i = rows.begin; i < rows.end; i += most) {
    f(i, rows.end - i < most ? rows.end - i : most);
  }
}

// A number for each row of a block; those past its rows are 0.
struct alignas(64) RowNumbers {
  float of[Vec::width] = {};

  BRASA_INLINE Vec get() const { return Vec::load(of); }
  BRASA_INLINE void set(Vec v) { v.store(of); }
};

// h = (x - shift) * scale + level, shift being the first element of the row.
struct RowScales {
  RowNumbers shift, scale, level;
};

// Sums over a row: term(piece, sums) adds a piece to each of them. So many vectors are summed side by
// side that they hide the latency of an addition; no chain has more than 64 terms before it goes into
// the total.
template <int Sums, class Term>
BRASA_INLINE void sum_row(int64_t columns, float (&out)[Sums], Term term) {
  constexpr int kChains = Sums == 1 ? 4 : 2;
  constexpr int64_t kStep = kChains * Vec::width, kSpan = 64 * kStep;
  Vec total[Sums] = {};
  for (int64_t at = 0; at < columns; at += kSpan) {
    const int64_t end = columns - at > kSpan ? at + kSpan : columns;
    Vec part[kChains][Sums] = {};
    int64_t j = at;
    for (; j + kStep <= end; j += kStep) {
      unrolled<kChains>(
          [&](int c) BRASA_INLINE_LAMBDA { term(Piece{j + c * Vec::width, Vec::width}, part[c]); });
    }
    each_piece(j, end, [&](Piece piece) BRASA_INLINE_LAMBDA { term(piece, part[0]); });
    unrolled<Sums>([&](int s) BRASA_INLINE_LAMBDA {
      Vec all = part[0][s];
      BRASA_UNROLL_ALL
      for (int c = 1; c < kChains; ++c) all = all + part[c][s];
      total[s] = total[s] + all;
    });
  }
  unrolled<Sums>([&](int s) BRASA_INLINE_LAMBDA { out[s] = sum(total[s]); });
}

// The means of x - shift: how far the mean of each row is from its first element.
BRASA_INLINE void find_offsets(const Rows& rows, RowNumbers& shifts, RowNumbers& offsets) {
  const float share = 1.f / static_cast<float>(rows.columns);
  for (int64_t i = 0; i < rows.count; ++i) {
    const float* x = rows.row(i);
    const Vec shift = Vec::all(x[0]);
    float total[1];
    sum_row<1>(rows.columns, total, [&](Piece piece, Vec(&sums)[1]) BRASA_INLINE_LAMBDA {
      sums[0] = sums[0] + keep(load(x, piece) - shift, piece);
    });
    shifts.of[i] = x[0];
    offsets.of[i] = total[0] * share;
  }
}

// From the sums of squares around the mean. Squares that float32 does not hold make the row NaN, which a
// scale of 0 would hide.
BRASA_INLINE void set_scales(const LayerNormShape& s, const RowNumbers& offsets,
                             const RowNumbers& squares, RowScales& scales) {
  const Vec share = Vec::all(1.f / static_cast<float>(s.columns));
  const Vec variance = squares.get() * share;
  const Vec deviation = sqrt(variance + Vec::all(s.epsilon)) + (variance - variance);
  // A row of one element moves nothing: what rounding leaves of its slope is not to be scaled up.
  const Vec scale = Vec::all(s.columns == 1 ? 0.f : 1.f) / deviation;
  scales.scale.set(scale);
  scales.level.set(-(offsets.get() * scale));
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
