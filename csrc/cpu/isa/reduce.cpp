// y[k] = x[k,:] over its other axes. What is reduced is cut into chunks by the shape alone; each leaves a y of
// its own, and these are combined in order.
#include "cpu/isa/kernels.h"
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
// So many chunks are combined one by one, then what they gave.
constexpr int64_t kSomeChunks = 16;
// Vectors that are reduced at once, each in a register of its own.
constexpr int kGroupVectors = 4;
constexpr int64_t kGroup = kGroupVectors * Vec::width;
// Results that a thread takes at a time, so that no two write into one cache line.
constexpr int64_t kGrain = 16;

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

template <Term term, int Vectors>
BRASA_INLINE Walk reduce_rows(Walk rows, int64_t count, const Terms& of, Piece tail,
                              Vec (&acc)[Vectors]) {
  for (Vec& v : acc) v = Vec::all(start<term>());
  for (int64_t i = 0; i < count; ++i, rows.next()) {
    const Terms row = of.at<term>(rows.a, rows.b);
    for (int v = 0; v < Vectors - 1; ++v) {
      acc[v] = add_term<term>(acc[v], row.x, row.factor, {v * Vec::width, Vec::width});
    }
    acc[Vectors - 1] = add_term<term>(acc[Vectors - 1], row.x, row.factor, tail);
  }
  return rows;
}

template <Term term, int Vectors>
void reduce_group(Walk rows, int64_t count, const Terms& of, int columns, const Results& results) {
  const Piece tail = {(Vectors - 1) * Vec::width, columns - (Vectors - 1) * Vec::width};
  Vec total[Vectors], acc[Vectors];
  rows = reduce_rows<term>(rows, count < kBlock ? count : kBlock, of, tail, total);
  for (int64_t i = kBlock; i < count; i += kBlock) {
    rows = reduce_rows<term>(rows, count - i < kBlock ? count - i : kBlock, of, tail, acc);
    for (int v = 0; v < Vectors; ++v) total[v] = combine<term>(total[v], acc[v]);
  }
  for (int v = 0; v < Vectors - 1; ++v) results.put(total[v], 0, {v * Vec::width, Vec::width});
  results.put(total[Vectors - 1], 0, tail);
}

// At most kGroup columns.
template <Term term>
void reduce_columns(const Walk& rows, int64_t count, const Terms& of, int columns,
                    const Results& to) {
  switch ((columns - 1) / Vec::width) {
    case 0: return reduce_group<term, 1>(rows, count, of, columns, to);
    case 1: return reduce_group<term, 2>(rows, count, of, columns, to);
    case 2: return reduce_group<term, 3>(rows, count, of, columns, to);
    default: return reduce_group<term, 4>(rows, count, of, columns, to);
  }
}

Axes kept_axes(const ReduceShape& s, int count) { return {s.extents, s.x, s.factor, count}; }
Axes reduced_axes(const ReduceShape& s, int count) {
  return {s.extents + s.kept, s.x + s.kept, s.factor + s.kept, count};
}

// The rows of y lie along the last axis that is kept: rows of x are combined.
template <Term term>
void reduce_to_rows(const Exec& exec, const ReduceShape& s, const Terms& of, const Results& to) {
  const Sizes n = sizes_of(s);
  const int64_t groups = (n.columns + kGroup - 1) / kGroup;
  const int64_t step = s.factor[s.kept - 1];
  const Range tasks = exec.share(n.kept / n.columns * n.chunks * groups);
  for (int64_t task = tasks.begin; task < tasks.end; ++task) {
    const int64_t row = task / groups / n.chunks, chunk = task / groups % n.chunks;
    const int64_t j = task % groups * kGroup;
    const int64_t begin = n.reduced * chunk / n.chunks, end = n.reduced * (chunk + 1) / n.chunks;
    const Walk at(kept_axes(s, s.kept - 1), row);
    const Terms terms = of.at<term>(at.a + j, at.b + j * step);
    const int columns = static_cast<int>(n.columns - j < kGroup ? n.columns - j : kGroup);
    const Walk rows(reduced_axes(s, n.reduced == 0 ? 0 : s.axes - s.kept), begin);
    reduce_columns<term>(rows, end - begin, terms, columns,
                         {to.to + chunk * n.kept + row * n.columns + j, to.finish});
  }
}

// Neighbours.
template <Term term>
BRASA_INLINE void reduce_run(const Terms& of, int64_t length, Vec (&acc)[kGroupVectors]) {
  int64_t i = 0;
  for (; i + kGroup <= length; i += kGroup) {
    for (int v = 0; v < kGroupVectors; ++v) {
      acc[v] = add_term<term>(acc[v], of.x, of.factor, {i + v * Vec::width, Vec::width});
    }
  }
  each_piece(i, length, [&](Piece piece) BRASA_INLINE_LAMBDA {
    acc[0] = add_term<term>(acc[0], of.x, of.factor, piece);
  });
}

// The elements of one range of the axes that y lacks.
template <Term term>
BRASA_INLINE Vec reduce_block(const ReduceShape& s, Range range, const Terms& of) {
  const int64_t step = s.factor[s.axes - 1];
  Vec acc[kGroupVectors];
  for (Vec& v : acc) v = Vec::all(start<term>());
  if (s.axes - s.kept == 1) {
    reduce_run<term>(of.at<term>(range.begin, range.begin * step), range.end - range.begin, acc);
  } else {
    const int64_t columns = s.extents[s.axes - 1];
    Walk rows(reduced_axes(s, s.axes - s.kept - 1), range.begin / columns);
    each_row_part(range, columns, [&](int64_t, int64_t column, int64_t length) {
      reduce_run<term>(of.at<term>(rows.a + column, rows.b + column * step), length, acc);
      rows.next();
    });
  }
  return combine<term>(combine<term>(acc[0], acc[1]), combine<term>(acc[2], acc[3]));
}

template <Term term>
float reduce_elements(const ReduceShape& s, Range range, const Terms& of) {
  if (range.begin >= range.end) return start<term>();
  constexpr int64_t kElements = kBlock * kGroup;
  const auto end_of = [&](int64_t i) {
    return range.end - i < kElements ? range.end : i + kElements;
  };
  Vec total = reduce_block<term>(s, {range.begin, end_of(range.begin)}, of);
  for (int64_t i = end_of(range.begin); i < range.end; i += kElements) {
    total = combine<term>(total, reduce_block<term>(s, {i, end_of(i)}, of));
  }
  return combine_lanes<term>(total);
}

bool are_short_rows(const ReduceShape& s) {
  const int64_t length = s.extents[s.axes - 1];
  return s.kept == 1 && s.axes == 2 && s.x[0] == length && length <= kShortRow;
}

// x lies along an axis that y lacks.
template <Term term>
void reduce_each(const Exec& exec, const ReduceShape& s, const Terms& of, const Results& to) {
  const Sizes n = sizes_of(s);
  const Range tasks = exec.share(n.kept * n.chunks, n.chunks > 1 ? 1 : kGrain);
  if (tasks.begin >= tasks.end) return;
  if (!has_factor(term) && are_short_rows(s)) {
    for (int64_t row = tasks.begin; row < tasks.end; row += Vec::width) {
      const int64_t left = tasks.end - row, rows = left < Vec::width ? left : Vec::width;
      const Vec totals = reduce_short_rows<term>(of.x + row * n.reduced, n.reduced, rows);
      to.put(totals, row, {0, static_cast<int>(rows)});
    }
    return;
  }
  Walk kept(kept_axes(s, s.kept), tasks.begin / n.chunks);
  for (int64_t task = tasks.begin; task < tasks.end; ++task) {
    const int64_t chunk = task % n.chunks;
    const Range part = {n.reduced * chunk / n.chunks, n.reduced * (chunk + 1) / n.chunks};
    const float total = reduce_elements<term>(s, part, of.at<term>(kept.a, kept.b));
    to.put(Vec::all(total), chunk * n.kept + task / n.chunks, {0, 1});
    if (chunk == n.chunks - 1) kept.next();
  }
}

template <Term term>
void reduce_all(const Exec& exec, const ReduceShape& s, const Terms& of, float* y) {
  const Sizes n = sizes_of(s);
  const Finish finish = {s.kind == ReduceKind::kMean, s.write == Write::kAdd,
                         static_cast<float>(n.reduced)};
  float* parts = reinterpret_cast<float*>(exec.scratch);
  const Results to = n.chunks > 1 ? Results{parts, {false, false, 0.f}} : Results{y, finish};
  if (s.columns) {
    reduce_to_rows<term>(exec, s, of, to);
  } else {
    reduce_each<term>(exec, s, of, to);
  }
  if (n.chunks == 1) return;
  exec.barrier();
  const Range mine = exec.share(n.kept, kGroup);
  each_piece(mine.begin, mine.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec total = Vec::all(start<term>());
    for (int64_t chunk = 0; chunk < n.chunks;) {
      const int64_t end = chunk + kSomeChunks < n.chunks ? chunk + kSomeChunks : n.chunks;
      Vec some = load(parts + chunk * n.kept, piece);
      for (++chunk; chunk < end; ++chunk) {
        some = combine<term>(some, load(parts + chunk * n.kept, piece));
      }
      total = combine<term>(total, some);
    }
    store(finish(total, y, piece), y, piece);
  });
}

}  // namespace

void reduce(const Exec& exec, const ReduceShape& s, const float* x, const float* factor, float* y) {
  if (extent_of(s.extents, 0, s.kept) == 0) return;
  const int64_t step = s.factor[s.columns ? s.kept - 1 : s.axes - 1];
  with_term(s.kind, factor, step,
            [&](auto tag) { reduce_all<decltype(tag)::term>(exec, s, {x, factor}, y); });
}

int64_t reduce_workspace(const ReduceShape& s) {
  const Sizes n = sizes_of(s);
  return n.chunks > 1 ? n.chunks * n.kept * static_cast<int64_t>(sizeof(float)) : 0;
}

}  // namespace brasa::cpu::BRASA_ISA
