#include "cpu/isa/matmul_thin.h"

#include "cpu/isa/activate.h"
#include "cpu/isa/gemm.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Up to so many rows of a these kernels beat the tiles (avx2). Turning a transposed b is the dearest
// part of those.
constexpr int64_t kThinRows = 2, kThinRowsTransposed = 6, kThinSum = 2;

// What becomes of a finished sum, and where it goes.
struct Sink {
  float* c;
  const float* bias;  // or null
  Write write;
  Activation activation;

  BRASA_INLINE void put(Vec sum, Piece piece) const {
    if (bias != nullptr) sum = sum + load(bias, piece);
    store(write == Write::kAdd ? load(c, piece) + sum : activate(activation, sum), c, piece);
  }
};

// Columns whose sums are kept while b passes by.
constexpr int64_t kStrip = 1024;

// sums[i][j] += a[i][l] * b[l][j] for `Terms` neighbouring l and the first `columns` columns.
template <int Rows, int Terms>
BRASA_INLINE void add_terms(int64_t columns, const float* a, int64_t row_step, int64_t column_step,
                            const float* b, int64_t b_step, float (*sums)[kStrip]) {
  Vec factor[Rows][Terms];
  for (int i = 0; i < Rows; ++i) {
    for (int l = 0; l < Terms; ++l) factor[i][l] = Vec::all(a[i * row_step + l * column_step]);
  }
  each_piece(0, columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum[Rows];
    for (int i = 0; i < Rows; ++i) sum[i] = load(sums[i], piece);
    for (int l = 0; l < Terms; ++l) {
      const Vec b_l = load(b + l * b_step, piece);
      for (int i = 0; i < Rows; ++i) sum[i] = fma(factor[i][l], b_l, sum[i]);
    }
    for (int i = 0; i < Rows; ++i) store(sum[i], sums[i], piece);
  });
}

// c[i][j] = sum over l of a[i][l] * b[l][j] for `columns` <= kStrip columns. b is read in the order in
// which it lies, a few rows side by side: a walk down the columns with the sums in registers jumps a
// page each time where rows are long, and got 13 GB/s of 45 for 4096 columns (Zen 3, one core).
template <int Rows>
void rows_times_strip(const MatmulShape& s, int64_t columns, const float* a, int64_t row_step,
                      int64_t column_step, const float* b, const Sink* sinks) {
  // Rows of whole pages fall on the same lines: eight of them would fill an 8-way cache.
  constexpr int kTerms = 4 / Rows;
  float sums[Rows][kStrip];
  for (int i = 0; i < Rows; ++i) {
    each_piece(0, columns,
               [&](Piece piece) BRASA_INLINE_LAMBDA { store(Vec::zero(), sums[i], piece); });
  }
  int64_t l = 0;
  for (; l + kTerms <= s.k; l += kTerms) {
    add_terms<Rows, kTerms>(columns, a + l * column_step, row_step, column_step, b + l * s.n, s.n,
                            sums);
  }
  for (; l < s.k; ++l) {
    add_terms<Rows, 1>(columns, a + l * column_step, row_step, column_step, b + l * s.n, s.n, sums);
  }
  for (int i = 0; i < Rows; ++i) {
    each_piece(0, columns,
               [&](Piece piece) BRASA_INLINE_LAMBDA { sinks[i].put(load(sums[i], piece), piece); });
  }
}

// c[j] = sum over l of a[l] * b[j][l], for one vector of columns: their sums run along l in the lanes,
// and turn into the lanes of c at the end.
void row_times_rows(int64_t sum, const float* a, const float* b, int64_t b_step, Piece columns,
                    const Sink& sink) {
  Vec acc[Vec::width];
  for (int j = 0; j < Vec::width; ++j) acc[j] = Vec::zero();
  const float* row[Vec::width];
  for (int j = 0; j < Vec::width; ++j)
    row[j] = b + (columns.at + smaller(j, columns.n - 1)) * b_step;
  each_piece(0, sum, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec a_l = load(a, piece);
    for (int j = 0; j < Vec::width; ++j) acc[j] = fma(a_l, load(row[j], piece), acc[j]);
  });
  transpose(acc);
  Vec total = acc[0];
  for (int j = 1; j < Vec::width; ++j) total = total + acc[j];
  sink.put(total, columns);
}

// c[i] (+)= a[i] * b, or the same with two terms, for the rows i of this thread.
template <bool kAdd>
void outer_product(Range rows, const MatmulShape& s, const float* a, int64_t row_step,
                   int64_t column_step, const float* b, float* c) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const float* a_i = a + i * row_step;
    const Vec first = Vec::all(a_i[0]), second = Vec::all(a_i[(s.k - 1) * column_step]);
    float* c_i = c + i * s.n;
    each_piece(0, s.n, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum = first * load(b, piece);
      if (s.k == 2) sum = fma(second, load(b + s.n, piece), sum);
      store(kAdd ? load(c_i, piece) + sum : sum, c_i, piece);
    });
  }
}

bool is_outer(const MatmulShape& s) {
  return s.k >= 1 && s.k <= kThinSum && (!s.transpose_b || s.k == 1);
}

}  // namespace

bool is_thin(const MatmulShape& s, const float* bias) {
  if (is_outer(s)) return bias == nullptr && s.activation.kind == ActivationKind::kNone;
  if (s.transpose_b) return s.m <= kThinRowsTransposed && (!s.transpose_a || s.m == 1);
  return s.m <= kThinRows;
}

void multiply_thin(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                   const float* bias, float* c) {
  const int64_t row_step = s.transpose_a ? 1 : s.k, column_step = s.transpose_a ? s.m : 1;
  if (is_outer(s)) {
    const Range rows = exec.share(s.m);
    if (s.write == Write::kAdd) {
      outer_product<true>(rows, s, a, row_step, column_step, b, c);
    } else {
      outer_product<false>(rows, s, a, row_step, column_step, b, c);
    }
    return;
  }
  const int64_t group = s.transpose_b ? Vec::width : kStrip;
  const Range columns = exec.share(s.n, smaller(group, kPanel));
  for (int64_t j = columns.begin; j < columns.end; j += group) {
    const int64_t count = smaller(group, columns.end - j);
    if (!s.transpose_b) {
      const float* strip_bias = bias == nullptr ? nullptr : bias + j;
      const Sink sinks[kThinRows] = {{c + j, strip_bias, s.write, s.activation},
                                     {c + s.n + j, strip_bias, s.write, s.activation}};
      const auto multiply = s.m == 1 ? rows_times_strip<1> : rows_times_strip<2>;
      if (s.m > 0) multiply(s, count, a, row_step, column_step, b + j, sinks);
      continue;
    }
    for (int64_t i = 0; i < s.m; ++i) {
      row_times_rows(s.k, a + i * row_step, b, s.k, {j, static_cast<int>(count)},
                     {c + i * s.n, bias, s.write, s.activation});
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
