// Reductions along the axis on which x is dense: neighbours are combined, first lane by lane, then the lanes.
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/reduce_parts.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Neighbours.
template <Term term>
BRASA_INLINE void reduce_run(const Terms& of, int64_t length, Vec (&acc)[kGroupVectors]) {
  int64_t i = 0;
  for (; i + kGroup <= length; i += kGroup) {
    BRASA_UNROLL_ALL
    for (int v = 0; v < kGroupVectors; ++v) {
      fetch_ahead(of.x + i + v * Vec::width);
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
  BRASA_UNROLL_ALL
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

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
