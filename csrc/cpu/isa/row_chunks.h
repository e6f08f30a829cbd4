// Sums over the rows of a matrix, for each column: in chunks of rows that follow from the shape alone, and in
// strips, whose sums stay in registers all through a chunk.
#pragma once

#include "cpu/isa/strips.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A chunk of 64 rows keeps one strip in the first-level cache for its second reading; more chunks than
// 256 would only add to the combining.
constexpr int64_t kChunkRows = 64, kMostChunks = 256;
constexpr int64_t kColumnGrain = 16;  // a cache line of float32

BRASA_INLINE int64_t chunks_of(int64_t rows) {
  const int64_t chunks = rows / kChunkRows;
  return chunks < 1 ? 1 : chunks > kMostChunks ? kMostChunks : chunks;
}

BRASA_INLINE Range chunk_rows(int64_t rows, int64_t chunk) {
  const int64_t chunks = chunks_of(rows);
  return {rows * chunk / chunks, rows * (chunk + 1) / chunks};
}

// The means of x - shift over the rows.
template <int Vectors>
BRASA_INLINE void find_offsets(Range rows, int64_t columns, Strip<Vectors> strip, const float* x,
                               const Vec (&shift)[Vectors], Vec (&offset)[Vectors]) {
  unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA { offset[v] = Vec::zero(); });
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    Vec row[Vectors];
    strip.load(x + i * columns, row);
    unrolled<Vectors>([&](int v)
                          BRASA_INLINE_LAMBDA { offset[v] = offset[v] + (row[v] - shift[v]); });
  }
  const Vec count = Vec::all(static_cast<float>(rows.end - rows.begin));
  unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA { offset[v] = offset[v] / count; });
}

// The squares around these means.
template <int Vectors>
BRASA_INLINE void find_squares(Range rows, int64_t columns, Strip<Vectors> strip, const float* x,
                               const Vec (&shift)[Vectors], const Vec (&offset)[Vectors],
                               Vec (&squares)[Vectors]) {
  unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA { squares[v] = Vec::zero(); });
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    Vec row[Vectors];
    strip.load(x + i * columns, row);
    unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA {
      const Vec d = row[v] - shift[v] - offset[v];
      squares[v] = fma(d, d, squares[v]);
    });
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
