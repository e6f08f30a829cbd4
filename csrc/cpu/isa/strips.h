// Strips: a few vectors of neighbouring columns of a matrix, whose sums or factors stay in registers while
// the rows go by.
#pragma once

#include "cpu/isa/columns.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A sum is a chain of additions, 4 cycles each: 4 of them side by side keep up with the second-level
// cache. 4 vectors are whole cache lines, too.
constexpr int kStripVectors = 4;
constexpr int64_t kStripColumns = kStripVectors * Vec::width;

template <int Vectors>
struct Strip {
  static constexpr int vectors = Vectors;
  int64_t at;   // its first column
  int columns;  // how many there are; of the last vector maybe some only

  BRASA_INLINE void load(const float* row, Vec (&out)[Vectors]) const {
    load_columns<Vectors>(row + at, columns, out);
  }
  BRASA_INLINE void store(float* row, const Vec (&in)[Vectors]) const {
    store_columns<Vectors>(row + at, columns, in);
  }
  // Calls for this strip of a row that is read soon.
  BRASA_INLINE void fetch(const float* row) const {
    BRASA_UNROLL_ALL
    for (int v = 0; v < Vectors; ++v) __builtin_prefetch(row + at + v * Vec::width);
  }
};

// f(strip) for all columns of [begin, end).
template <int Vectors = kStripVectors, class F>
BRASA_INLINE void each_strip(int64_t begin, int64_t end, F f) {
  constexpr int64_t kColumns = Vectors * Vec::width;
  int64_t at = begin;
  for (; at + kColumns <= end; at += kColumns) {
    f(Strip<Vectors>{at, static_cast<int>(kColumns)});
  }
  each_piece(at, end, [&](Piece piece) BRASA_INLINE_LAMBDA { f(Strip<1>{piece.at, piece.n}); });
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
