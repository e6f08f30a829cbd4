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
  // For the row that lies so many floats further.
  BRASA_INLINE Sink at(int64_t offset) const { return {c + offset, bias, write, activation}; }
};

// a (m, k) as it lies.
struct RowsOfA {
  const float* data;
  int64_t row_step, column_step;

  BRASA_INLINE explicit RowsOfA(const MatmulShape& s, const float* a)
      : data(a), row_step(s.transpose_a ? 1 : s.k), column_step(s.transpose_a ? s.m : 1) {}
  BRASA_INLINE float at(int64_t i, int64_t l) const { return data[i * row_step + l * column_step]; }
};

// Some columns of b, and their sums with the rows of a: those of row i at sums + i * sums_step.
struct Strip {
  const float* b;
  int64_t b_step, columns;
  float* sums;
  int64_t sums_step;
};

// Floats of the sums of a strip: they stay in the first-level cache while b passes by. Strips of 4096
// columns read b at 28 GB/s, of 1024 at 23 (Zen 3, one core, rows of 4096): a run of whole pages.
constexpr int64_t kStripSums = 4096;

// sums[i][j] += a[i][l] * b[l][j] for `Terms` neighbouring l.
template <int Rows, int Terms>
BRASA_INLINE void add_terms(const RowsOfA& a, int64_t l, const Strip& s) {
  Vec factor[Rows][Terms];
  BRASA_UNROLL_ALL
  for (int i = 0; i < Rows; ++i) {
    BRASA_UNROLL_ALL
    for (int term = 0; term < Terms; ++term) factor[i][term] = Vec::all(a.at(i, l + term));
  }
  const float* b = s.b + l * s.b_step;
  each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum[Rows];
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) sum[i] = load(s.sums + i * s.sums_step, piece);
    BRASA_UNROLL_ALL
    for (int term = 0; term < Terms; ++term) {
      const Vec b_l = load(b + term * s.b_step, piece);
      BRASA_UNROLL_ALL
      for (int i = 0; i < Rows; ++i) sum[i] = fma(factor[i][term], b_l, sum[i]);
    }
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) store(sum[i], s.sums + i * s.sums_step, piece);
  });
}

// sums[i][j] = sum over l in `terms` of a[i][l] * b[l][j]. b is read in the order in which it lies, a
// few rows side by side: a walk down the columns with the sums in registers jumps a page each time
// where rows are long, and got 13 GB/s of 45 for 4096 columns (Zen 3, one core).
template <int Rows>
void multiply_strip(const RowsOfA& a, Range terms, const Strip& s) {
  constexpr int kTerms = 8 / Rows;  // 16 were slower: more streams than the hardware follows
  BRASA_UNROLL_ALL
  for (int i = 0; i < Rows; ++i) {
    each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(Vec::zero(), s.sums + i * s.sums_step, piece);
    });
  }
  int64_t l = terms.begin;
  for (; l + kTerms <= terms.end; l += kTerms) add_terms<Rows, kTerms>(a, l, s);
  for (; l < terms.end; ++l) add_terms<Rows, 1>(a, l, s);
}

BRASA_INLINE void multiply_strip(int64_t rows, const RowsOfA& a, Range terms, const Strip& s) {
  if (rows == 1) multiply_strip<1>(a, terms, s);
  if (rows == 2) multiply_strip<2>(a, terms, s);
}

// In how many chunks rows_by_chunks() cuts the sum. 1: the product is too short for a barrier, or not
// the work of the whole team.
BRASA_INLINE int64_t row_chunks(const MatmulShape& s) {
  constexpr int64_t kMinFloats = 1 << 18, kRows = 256, kMost = 64;
  if (s.batch != 1 || s.transpose_b || s.m < 1 || s.m > kThinRows) return 1;
  return s.k * s.n < kMinFloats ? 1 : larger(1, smaller(kMost, s.k / kRows));
}

// Each thread takes some columns.
void rows_by_columns(const Exec& exec, const MatmulShape& s, const RowsOfA& a, const float* b,
                     const Sink& sink) {
  float sums[kStripSums];
  const int64_t widest = kStripSums / kThinRows;
  const Range columns = exec.share(s.n, kPanel);
  for (int64_t j = columns.begin; j < columns.end; j += widest) {
    const Strip strip = {b + j, s.n, smaller(widest, columns.end - j), sums, widest};
    multiply_strip(s.m, a, {0, s.k}, strip);
    for (int64_t i = 0; i < s.m; ++i) {
      each_piece(0, strip.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
        sink.at(i * s.n).put(load(sums + i * widest, piece), {j + piece.at, piece.n});
      });
    }
  }
}

// Each thread takes some chunks of rows of b and reads them from end to end; then each adds up the
// sums of all chunks for some columns. Shares of the columns took 1.2 to 1.4 times as long (Zen 3, two
// threads, 4096 x 4096): short runs, each on another page.
void rows_by_chunks(const Exec& exec, const MatmulShape& s, const RowsOfA& a, const float* b,
                    const Sink& sink) {
  const int64_t chunks = row_chunks(s), widest = kStripSums / s.m;
  float* sums = reinterpret_cast<float*>(exec.scratch);
  const Range mine = exec.share(chunks);
  for (int64_t chunk = mine.begin; chunk < mine.end; ++chunk) {
    for (int64_t j = 0; j < s.n; j += widest) {
      multiply_strip(s.m, a, part_of(s.k, chunks, chunk),
                     {b + j, s.n, smaller(widest, s.n - j), sums + chunk * s.m * s.n + j, s.n});
    }
  }
  exec.barrier();
  const Range columns = exec.share(s.n, kPanel);
  for (int64_t i = 0; i < s.m; ++i) {
    each_piece(columns.begin, columns.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum = load(sums + i * s.n, piece);
      for (int64_t chunk = 1; chunk < chunks; ++chunk) {
        sum = sum + load(sums + (chunk * s.m + i) * s.n, piece);
      }
      sink.at(i * s.n).put(sum, piece);
    });
  }
}

// c[j] = sum over l of a[l] * b[j][l], for one vector of columns: their sums run along l in the lanes,
// and turn into the lanes of c at the end.
void row_times_rows(int64_t sum, const float* a, const float* b, int64_t b_step, Piece columns,
                    const Sink& sink) {
  Vec acc[Vec::width];
  BRASA_UNROLL_ALL
  for (int j = 0; j < Vec::width; ++j) acc[j] = Vec::zero();
  const float* row[Vec::width];
  BRASA_UNROLL_ALL
  for (int j = 0; j < Vec::width; ++j)
    row[j] = b + (columns.at + smaller(j, columns.n - 1)) * b_step;
  each_piece(0, sum, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec a_l = load(a, piece);
    BRASA_UNROLL_ALL
    for (int j = 0; j < Vec::width; ++j) acc[j] = fma(a_l, load(row[j], piece), acc[j]);
  });
  transpose(acc);
  Vec total = acc[0];
  BRASA_UNROLL_ALL
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
  const Sink sink = {c, bias, s.write, s.activation};
  if (!s.transpose_b) {
    if (s.m == 0) return;
    if (row_chunks(s) > 1) return rows_by_chunks(exec, s, RowsOfA(s, a), b, sink);
    return rows_by_columns(exec, s, RowsOfA(s, a), b, sink);
  }
  const Range columns = exec.share(s.n, Vec::width);
  each_piece(columns.begin, columns.end, [&](Piece piece) {
    for (int64_t i = 0; i < s.m; ++i) {
      row_times_rows(s.k, a + i * row_step, b, s.k, piece, sink.at(i * s.n));
    }
  });
}

int64_t thin_workspace(const MatmulShape& s) {
  const int64_t chunks = row_chunks(s);
  return chunks > 1 ? 4 * chunks * s.m * s.n : 0;
}

}  // namespace brasa::cpu::BRASA_ISA
