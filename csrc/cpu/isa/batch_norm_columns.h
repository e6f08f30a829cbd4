// How the columns of a batch are summed: in chunks of rows, and in strips, a few vectors of neighbouring
// columns whose sums stay in registers all through a chunk.
#pragma once

#include "cpu/isa/activate.h"
#include "cpu/isa/row_chunks.h"
#include "ops/batch_norm.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// f(chunk, strip) for those that this thread takes.
template <class F>
BRASA_INLINE void each_chunk(const Exec& exec, const BatchNormShape& s, F f) {
  const int64_t strips = (s.columns + kStripColumns - 1) / kStripColumns;
  for (const Range tasks : exec.portions(chunks_of(s.rows) * strips)) {
    for (int64_t i = tasks.begin; i < tasks.end; ++i) {
      const int64_t begin = i % strips * kStripColumns, end = begin + kStripColumns;
      each_strip(begin, end < s.columns ? end : s.columns,
                 [&](auto strip) BRASA_INLINE_LAMBDA { f(i / strips, strip); });
    }
  }
}

// f(where the row begins) for those that this thread takes.
template <class F>
BRASA_INLINE void each_row(const Exec& exec, const BatchNormShape& s, F f) {
  for (const Range rows : row_portions(exec, s.rows, s.columns)) {
    for (int64_t i = rows.begin; i < rows.end; ++i) f(i * s.columns);
  }
}

// f(j, count) for this thread's share of the columns, a cache line of them at a time: what is done for each of them,
// side by side, becomes vectors, and reads the sums of a chunk in the order of memory.
template <class F>
BRASA_INLINE void each_line_of_columns(const Exec& exec, const BatchNormShape& s, F f) {
  const Range mine = exec.share(s.columns, kColumnGrain);
  for (int64_t j = mine.begin; j < mine.end; j += kColumnGrain) {
    f(j, mine.end - j < kColumnGrain ? mine.end - j : kColumnGrain);
  }
}

// Two sums for each chunk and column; then for each column two factors, and what backward takes off.
struct Scratch {
  double *first, *second;
  float *a, *b, *level, *slope;
  int64_t columns;

  Scratch(const Exec& exec, const BatchNormShape& s) : columns(s.columns) {
    const int64_t sums = chunks_of(s.rows) * s.columns;
    first = reinterpret_cast<double*>(exec.scratch);
    second = first + sums;
    a = reinterpret_cast<float*>(second + sums);
    b = a + s.columns;
    level = b + s.columns;
    slope = level + s.columns;
  }

  template <int Vectors>
  BRASA_INLINE void keep(int64_t chunk, Strip<Vectors> strip, const Vec (&one)[Vectors],
                         const Vec (&two)[Vectors]) const {
    float ones[Vectors * Vec::width], twos[Vectors * Vec::width];
    unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA {
      one[v].store(ones + v * Vec::width), two[v].store(twos + v * Vec::width);
    });
    const int64_t at = chunk * columns + strip.at;
    for (int i = 0; i < strip.columns; ++i) {
      first[at + i] = static_cast<double>(ones[i]);
      second[at + i] = static_cast<double>(twos[i]);
    }
  }
};

BRASA_INLINE float inverse_deviation(const BatchNormShape& s, float variance) {
  return static_cast<float>(1 / __builtin_sqrt(static_cast<double>(variance) + s.epsilon));
}

// This thread's share of the columns: a = gamma / deviation, b = beta.
BRASA_INLINE void fill_factors(const Exec& exec, const BatchNormShape& s,
                               const BatchNormScale& scale, const Scratch& scratch) {
  const Range columns = exec.share(s.columns, kColumnGrain);
  for (int64_t j = columns.begin; j < columns.end; ++j) {
    scratch.a[j] = inverse_deviation(s, scale.variance[j]) * (scale.gamma ? scale.gamma[j] : 1.f);
    scratch.b[j] = scale.beta ? scale.beta[j] : 0.f;
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
