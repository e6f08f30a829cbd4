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

// c[j] = sum over l of a[l * a_step] * b[l][j], for `Vectors` vectors of columns.
template <int Vectors>
void row_times_columns(int64_t sum, const float* a, int64_t a_step, const float* b, int64_t b_step,
                       Piece last, const Sink& sink) {
  Vec acc[Vectors];
  for (int v = 0; v < Vectors; ++v) acc[v] = Vec::zero();
  for (int64_t l = 0; l < sum; ++l, a += a_step, b += b_step) {
    const Vec a_l = Vec::all(*a);
    for (int v = 0; v < Vectors - 1; ++v) acc[v] = fma(a_l, Vec::load(b + v * Vec::width), acc[v]);
    acc[Vectors - 1] = fma(a_l, load(b, last), acc[Vectors - 1]);
  }
  for (int v = 0; v < Vectors - 1; ++v) sink.put(acc[v], {v * Vec::width, Vec::width});
  sink.put(acc[Vectors - 1], last);
}

constexpr int kGroupVectors = 8;
constexpr int64_t kGroup = kGroupVectors * Vec::width;

template <int Vectors>
BRASA_INLINE void row_times_group(int columns, int64_t sum, const float* a, int64_t a_step,
                                  const float* b, int64_t b_step, const Sink& sink) {
  const int before = (Vectors - 1) * Vec::width;
  if constexpr (Vectors > 1) {
    if (columns <= before) {
      return row_times_group<Vectors - 1>(columns, sum, a, a_step, b, b_step, sink);
    }
  }
  row_times_columns<Vectors>(sum, a, a_step, b, b_step, {before, columns - before}, sink);
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
  const int64_t group = s.transpose_b ? Vec::width : kGroup;
  const Range columns = exec.share(s.n, group);
  for (int64_t j = columns.begin; j < columns.end; j += group) {
    const int count = static_cast<int>(smaller(group, columns.end - j));
    for (int64_t i = 0; i < s.m; ++i) {
      const float* a_i = a + i * row_step;
      if (s.transpose_b) {
        row_times_rows(s.k, a_i, b, s.k, {j, count}, {c + i * s.n, bias, s.write, s.activation});
      } else {
        const Sink sink = {c + i * s.n + j, bias == nullptr ? nullptr : bias + j, s.write,
                           s.activation};
        row_times_group<kGroupVectors>(count, s.k, a_i, column_step, b + j, s.n, sink);
      }
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
