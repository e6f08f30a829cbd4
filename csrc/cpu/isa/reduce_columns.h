// Reductions whose results lie side by side as their terms do: rows of x are combined, a vector of columns in
// each register.
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/reduce_parts.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// `ahead`: to the row that is called for.
template <Term term, int Vectors>
BRASA_INLINE Walk reduce_rows(Walk rows, int64_t count, const Terms& of, Piece tail, int64_t ahead,
                              Vec (&acc)[Vectors]) {
  BRASA_UNROLL_ALL
  for (Vec& v : acc) v = Vec::all(start<term>());
  for (int64_t i = 0; i < count; ++i, rows.next()) {
    const Terms row = of.at<term>(rows.a, rows.b);
    BRASA_UNROLL_ALL
    for (int v = 0; v < Vectors; ++v) __builtin_prefetch(row.x + ahead + v * Vec::width);
    BRASA_UNROLL_ALL
    for (int v = 0; v < Vectors - 1; ++v) {
      acc[v] = add_term<term>(acc[v], row.x, row.factor, {v * Vec::width, Vec::width});
    }
    acc[Vectors - 1] = add_term<term>(acc[Vectors - 1], row.x, row.factor, tail);
  }
  return rows;
}

template <Term term, int Vectors>
void reduce_group(Walk rows, int64_t count, const Terms& of, int columns, int64_t ahead,
                  const Results& results) {
  const Piece tail = {(Vectors - 1) * Vec::width, columns - (Vectors - 1) * Vec::width};
  Vec total[Vectors], acc[Vectors];
  rows = reduce_rows<term>(rows, count < kBlock ? count : kBlock, of, tail, ahead, total);
  for (int64_t i = kBlock; i < count; i += kBlock) {
    rows = reduce_rows<term>(rows, count - i < kBlock ? count - i : kBlock, of, tail, ahead, acc);
    BRASA_UNROLL_ALL
    for (int v = 0; v < Vectors; ++v) total[v] = combine<term>(total[v], acc[v]);
  }
  BRASA_UNROLL_ALL
  for (int v = 0; v < Vectors - 1; ++v) results.put(total[v], 0, {v * Vec::width, Vec::width});
  results.put(total[Vectors - 1], 0, tail);
}

// At most kGroup columns.
template <Term term>
void reduce_columns(const Walk& rows, int64_t count, const Terms& of, int columns, int64_t ahead,
                    const Results& to) {
  switch ((columns - 1) / Vec::width) {
    case 0: return reduce_group<term, 1>(rows, count, of, columns, ahead, to);
    case 1: return reduce_group<term, 2>(rows, count, of, columns, ahead, to);
    case 2: return reduce_group<term, 3>(rows, count, of, columns, ahead, to);
    default: return reduce_group<term, 4>(rows, count, of, columns, ahead, to);
  }
}

// The rows of y lie along the last axis that is kept: rows of x are combined.
template <Term term>
void reduce_to_rows(const Exec& exec, const ReduceShape& s, const Terms& of, const Results& to) {
  const Sizes n = sizes_of(s);
  const int64_t groups = (n.columns + kGroup - 1) / kGroup;
  const int64_t step = s.factor[s.kept - 1];
  const int64_t ahead = (kFetchAhead + n.columns - 1) / n.columns * n.columns;
  const Range tasks = exec.share(n.kept / n.columns * n.chunks * groups);
  for (int64_t task = tasks.begin; task < tasks.end; ++task) {
    const int64_t row = task / groups / n.chunks, chunk = task / groups % n.chunks;
    const int64_t j = task % groups * kGroup;
    const int64_t begin = n.reduced * chunk / n.chunks, end = n.reduced * (chunk + 1) / n.chunks;
    const Walk at(kept_axes(s, s.kept - 1), row);
    const Terms terms = of.at<term>(at.a + j, at.b + j * step);
    const int columns = static_cast<int>(n.columns - j < kGroup ? n.columns - j : kGroup);
    const Walk rows(reduced_axes(s, n.reduced == 0 ? 0 : s.axes - s.kept), begin);
    reduce_columns<term>(rows, end - begin, terms, columns, ahead,
                         {to.to + chunk * n.kept + row * n.columns + j, to.finish});
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
