// dx[k] = sum over r of dy[k,r] * factor[k,r]. What is summed is cut into chunks by the shape alone; each
// leaves a dx of its own, and these are added in order.
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"
#include "cpu/isa/walk.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A chunk has at least so many rows, as in batch_norm_columns.h: all columns of it, read group by group,
// stay in the second-level cache. And as many floats as half a first-level cache: fewer would make the
// second step as long as the first.
constexpr int64_t kChunkRows = 64, kChunkFloats = 4096;
constexpr int64_t kMostChunks = 256;
// Vectors that are summed at once, each in a register of its own.
constexpr int kGroupVectors = 4;
constexpr int64_t kGroup = kGroupVectors * Vec::width;
// Sums that a thread takes at a time, so that no two write into one cache line.
constexpr int64_t kSumGrain = 16;

enum class Factor { kNone, kOne, kEach };  // none, or one for a whole row, or one for each column

struct Sizes {
  int64_t kept, reduced, columns, chunks;
};

Sizes sizes_of(const BroadcastBackwardShape& s) {
  Sizes n{extent_of(s.extents, 0, s.kept), extent_of(s.extents, s.kept, s.axes), 0, 1};
  n.columns = s.columns ? s.extents[s.kept - 1] : s.extents[s.axes - 1];
  int64_t most = s.columns ? n.reduced * n.columns / kChunkFloats : n.reduced / kChunkFloats;
  if (s.columns && n.reduced / kChunkRows < most) most = n.reduced / kChunkRows;
  if (kMostChunks < most) most = kMostChunks;
  if (most > 1) n.chunks = most;
  return n;
}

template <Factor kind>
BRASA_INLINE Vec add_term(Vec sum, const float* dy, const float* factor, Piece piece) {
  const Vec slope = load(dy, piece);
  if (kind == Factor::kNone) return sum + slope;
  // 0 past the piece: what lies there is in the sum of a row.
  if (kind == Factor::kOne) return fma(slope, keep(Vec::all(*factor), piece), sum);
  return fma(slope, load(factor, piece), sum);
}

// f(a constant of type Factor)
template <Factor value>
struct FactorTag {
  static constexpr Factor kind = value;
};

template <class F>
BRASA_INLINE void with_factor(const float* factor, int64_t stride, F f) {
  if (factor == nullptr) return f(FactorTag<Factor::kNone>{});
  if (stride == 0) return f(FactorTag<Factor::kOne>{});
  return f(FactorTag<Factor::kEach>{});
}

struct Terms {
  const float *dy, *factor;
};

// Where sums go: dx, or a dx of its own for each chunk.
struct Sums {
  float* to;
  bool add;

  BRASA_INLINE void put(Vec sum, int64_t at, Piece piece) const {
    store(add ? load(to + at, piece) + sum : sum, to + at, piece);
  }
};

template <Factor kind, int Vectors>
void sum_group(Walk rows, int64_t count, const Terms& of, int columns, const Sums& sums) {
  const Piece tail = {(Vectors - 1) * Vec::width, columns - (Vectors - 1) * Vec::width};
  Vec acc[Vectors];
  for (int v = 0; v < Vectors; ++v) acc[v] = Vec::zero();
  for (int64_t i = 0; i < count; ++i, rows.next()) {
    const float *dy = of.dy + rows.a, *factor = of.factor + rows.b;
    for (int v = 0; v < Vectors - 1; ++v) {
      acc[v] = add_term<kind>(acc[v], dy, factor, {v * Vec::width, Vec::width});
    }
    acc[Vectors - 1] = add_term<kind>(acc[Vectors - 1], dy, factor, tail);
  }
  for (int v = 0; v < Vectors - 1; ++v) sums.put(acc[v], 0, {v * Vec::width, Vec::width});
  sums.put(acc[Vectors - 1], 0, tail);
}

// At most kGroup columns.
template <Factor kind>
void sum_columns(const Walk& rows, int64_t count, const Terms& of, int columns, const Sums& sums) {
  switch ((columns - 1) / Vec::width) {
    case 0: return sum_group<kind, 1>(rows, count, of, columns, sums);
    case 1: return sum_group<kind, 2>(rows, count, of, columns, sums);
    case 2: return sum_group<kind, 3>(rows, count, of, columns, sums);
    default: return sum_group<kind, 4>(rows, count, of, columns, sums);
  }
}

Axes kept_axes(const BroadcastBackwardShape& s, int count) {
  return {s.extents, s.dy, s.factor, count};
}
Axes reduced_axes(const BroadcastBackwardShape& s, int count) {
  return {s.extents + s.kept, s.dy + s.kept, s.factor + s.kept, count};
}

// The rows of dx lie along the last axis that is kept: sums of rows of dy.
template <Factor kind>
void sum_rows(const Exec& exec, const BroadcastBackwardShape& s, const Terms& of, Sums sums) {
  const Sizes n = sizes_of(s);
  const int64_t groups = (n.columns + kGroup - 1) / kGroup;
  const int64_t step = s.factor[s.kept - 1];
  const Range tasks = exec.share(n.kept / n.columns * n.chunks * groups);
  for (int64_t task = tasks.begin; task < tasks.end; ++task) {
    const int64_t row = task / groups / n.chunks, chunk = task / groups % n.chunks;
    const int64_t j = task % groups * kGroup;
    const int64_t begin = n.reduced * chunk / n.chunks, end = n.reduced * (chunk + 1) / n.chunks;
    const Walk at(kept_axes(s, s.kept - 1), row);
    const Terms terms = {of.dy + at.a + j,
                         kind == Factor::kNone ? nullptr : of.factor + at.b + j * step};
    const int columns = static_cast<int>(n.columns - j < kGroup ? n.columns - j : kGroup);
    const Walk rows(reduced_axes(s, n.reduced == 0 ? 0 : s.axes - s.kept), begin);
    sum_columns<kind>(rows, end - begin, terms, columns,
                      {sums.to + chunk * n.kept + row * n.columns + j, sums.add});
  }
}

// The sum of the elements [range) of the axes that dx lacks.
template <Factor kind>
float sum_elements(const BroadcastBackwardShape& s, Range range, const Terms& of) {
  const int64_t columns = s.extents[s.axes - 1];
  Vec acc[kGroupVectors];
  for (Vec& v : acc) v = Vec::zero();
  if (range.begin < range.end) {
    Walk rows(reduced_axes(s, s.axes - s.kept - 1), range.begin / columns);
    const int64_t step = s.factor[s.axes - 1];
    each_row_part(range, columns, [&](int64_t, int64_t column, int64_t length) {
      const float* dy = of.dy + rows.a + column;
      const float* factor = kind == Factor::kNone ? nullptr : of.factor + rows.b + column * step;
      int64_t i = 0;
      for (; i + kGroup <= length; i += kGroup) {
        for (int v = 0; v < kGroupVectors; ++v) {
          acc[v] = add_term<kind>(acc[v], dy, factor, {i + v * Vec::width, Vec::width});
        }
      }
      each_piece(i, length, [&](Piece piece) BRASA_INLINE_LAMBDA {
        acc[0] = add_term<kind>(acc[0], dy, factor, piece);
      });
      rows.next();
    });
  }
  return sum((acc[0] + acc[1]) + (acc[2] + acc[3]));
}

// dy lies along an axis that dx lacks.
template <Factor kind>
void sum_each(const Exec& exec, const BroadcastBackwardShape& s, const Terms& of, Sums sums) {
  const Sizes n = sizes_of(s);
  const Range tasks = exec.share(n.kept * n.chunks, n.chunks > 1 ? 1 : kSumGrain);
  if (tasks.begin >= tasks.end) return;
  Walk kept(kept_axes(s, s.kept), tasks.begin / n.chunks);
  for (int64_t task = tasks.begin; task < tasks.end; ++task) {
    const int64_t chunk = task % n.chunks;
    const Range part = {n.reduced * chunk / n.chunks, n.reduced * (chunk + 1) / n.chunks};
    const Terms terms = {of.dy + kept.a, kind == Factor::kNone ? nullptr : of.factor + kept.b};
    const float total = sum_elements<kind>(s, part, terms);
    float* to = sums.to + chunk * n.kept + task / n.chunks;
    *to = sums.add ? *to + total : total;
    if (chunk == n.chunks - 1) kept.next();
  }
}

}  // namespace

void broadcast_backward(const Exec& exec, const BroadcastBackwardShape& s, const float* dy,
                        const float* factor, float* dx) {
  const Sizes n = sizes_of(s);
  if (n.kept == 0) return;
  const bool add = s.write == Write::kAdd;
  float* parts = reinterpret_cast<float*>(exec.scratch);
  const Sums sums = n.chunks > 1 ? Sums{parts, false} : Sums{dx, add};
  const int64_t step = s.factor[s.columns ? s.kept - 1 : s.axes - 1];
  with_factor(factor, step, [&](auto tag) {
    if (s.columns) {
      sum_rows<decltype(tag)::kind>(exec, s, {dy, factor}, sums);
    } else {
      sum_each<decltype(tag)::kind>(exec, s, {dy, factor}, sums);
    }
  });
  if (n.chunks == 1) return;
  exec.barrier();
  const Range mine = exec.share(n.kept, kGroup);
  each_piece(mine.begin, mine.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = add ? load(dx, piece) : Vec::zero();
    for (int64_t chunk = 0; chunk < n.chunks; ++chunk) {
      sum = sum + load(parts + chunk * n.kept, piece);
    }
    store(sum, dx, piece);
  });
}

int64_t broadcast_backward_workspace(const BroadcastBackwardShape& s) {
  const Sizes n = sizes_of(s);
  return n.chunks > 1 ? n.chunks * n.kept * static_cast<int64_t>(sizeof(float)) : 0;
}

}  // namespace brasa::cpu::BRASA_ISA
