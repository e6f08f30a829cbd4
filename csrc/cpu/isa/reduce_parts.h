// How a reduction is cut into chunks, and where the results of each go.
#pragma once

#include "cpu/isa/reduce_terms.h"
#include "cpu/isa/walk.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A chunk has at least so many rows, as in batch_norm_columns.h: all columns of it, read group by group,
// stay in the second-level cache. And as many floats as half a first-level cache: fewer would make the
// second step as long as the first.
constexpr int64_t kChunkRows = 64, kChunkFloats = 4096;
constexpr int64_t kMostChunks = 256;
// A lane adds so many numbers one by one, then its sum to those of the blocks before: of 10 million numbers
// in a column each of the chunks has 39,000.
constexpr int64_t kBlock = 128;
// Vectors that are reduced at once, each in a register of its own.
constexpr int kGroupVectors = 4;
constexpr int64_t kGroup = kGroupVectors * Vec::width;
// Results that a thread takes at a time, so that no two write into one cache line.
constexpr int64_t kGrain = 16;

// Results, terms of each, extent of the axis along which vectors lie, and chunks.
struct Sizes {
  int64_t kept, reduced, columns, chunks;
};

Sizes sizes_of(const ReduceShape& s) {
  Sizes n{extent_of(s.extents, 0, s.kept), extent_of(s.extents, s.kept, s.axes), 0, 1};
  n.columns = s.columns ? s.extents[s.kept - 1] : s.extents[s.axes - 1];
  int64_t most = s.columns ? n.reduced * n.columns / kChunkFloats : n.reduced / kChunkFloats;
  if (s.columns && n.reduced / kChunkRows < most) most = n.reduced / kChunkRows;
  if (kMostChunks < most) most = kMostChunks;
  if (most > 1) n.chunks = most;
  return n;
}

// Where a walk is in x and, for sums of products, in the factor; null for all others.
struct Terms {
  const float *x, *factor;

  template <Term term>
  BRASA_INLINE Terms at(int64_t x_at, int64_t factor_at) const {
    return {x + x_at, has_factor(term) ? factor + factor_at : nullptr};
  }
};

// What is done with a result: divided for a mean, added to what is there.
struct Finish {
  bool mean, add;
  float count;

  BRASA_INLINE Vec operator()(Vec v, const float* y, Piece piece) const {
    if (mean) v = v / Vec::all(count);
    return add ? load(y, piece) + v : v;
  }
};

// Where results go: y, or a y of its own for each chunk.
struct Results {
  float* to;
  Finish finish;

  BRASA_INLINE void put(Vec v, int64_t at, Piece piece) const {
    store(finish(v, to + at, piece), to + at, piece);
  }
};

Axes kept_axes(const ReduceShape& s, int count) { return {s.extents, s.x, s.factor, count}; }
Axes reduced_axes(const ReduceShape& s, int count) {
  return {s.extents + s.kept, s.x + s.kept, s.factor + s.kept, count};
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
