#include "cpu/isa/matmul_thin.h"

#include "cpu/isa/activate.h"
#include "cpu/isa/gemm.h"
#include "cpu/isa/matmul_strips.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Up to so many rows of a these kernels beat the tiles (avx2). Turning a transposed b is the dearest
// part of those.
constexpr int64_t kThinRows = 2, kThinRowsTransposed = 6, kThinSum = 2;
// From so many floats on, more than a core's share of the second-level caches, b is read where it lies for up to
// kStripRows: else it comes from memory in pieces of rows, each from another page. GB/s of b, 4096 x 4096, two cores
// of Zen 5: 3 to 8 rows 17 to 20, so 29 to 45; 16 rows 13, 21. (avx2: 10 to 13, 33 to 41; 11, 20.)
constexpr int64_t kFarFloats = 1 << 19;

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

// In how many chunks rows_by_chunks() cuts the sum. 1: the product is too short for a barrier, or not
// the work of the whole team.
BRASA_INLINE int64_t row_chunks(const MatmulShape& s) {
  constexpr int64_t kMinFloats = 1 << 18;     // of b: 1 MB
  constexpr int64_t kRows = 256, kMost = 64;  // of a chunk, at least; chunks
  if (s.batch != 1 || s.transpose_b || s.m < 1 || s.m > kStripRows) return 1;
  return s.k * s.n < kMinFloats ? 1 : larger(1, smaller(kMost, s.k / kRows));
}

// Each thread takes some columns.
void rows_by_columns(const Exec& exec, const MatmulShape& s, const RowsOfA& a, const float* b,
                     const Sink& sink) {
  StripSums sums(s.m);
  const Range columns = exec.share(s.n, kPanel);
  for (int64_t j = columns.begin; j < columns.end; j += sums.columns) {
    const Strip strip = {b + j, s.n, smaller(sums.columns, columns.end - j)};
    multiply_strip(s.m, a, {0, s.k}, strip, sums,
                   [&](int64_t i, Piece piece, Vec sum)
                       BRASA_INLINE_LAMBDA { sink.at(i * s.n).put(sum, {j + piece.at, piece.n}); });
  }
}

// Each thread takes some chunks of rows of b and reads them from end to end; then each adds up the
// sums of all chunks for some columns. Shares of the columns took 1.2 to 1.4 times as long (Zen 3, two
// threads, 4096 x 4096): short runs, each on another page.
void rows_by_chunks(const Exec& exec, const MatmulShape& s, const RowsOfA& a, const float* b,
                    const Sink& sink) {
  StripSums sums_of_strip(s.m);
  const int64_t chunks = row_chunks(s);
  float* sums = reinterpret_cast<float*>(exec.scratch);
  const Range mine = exec.share(chunks);
  for (int64_t chunk = mine.begin; chunk < mine.end; ++chunk) {
    for (int64_t j = 0; j < s.n; j += sums_of_strip.columns) {
      const Strip strip = {b + j, s.n, smaller(sums_of_strip.columns, s.n - j)};
      float* to = sums + chunk * s.m * s.n + j;
      multiply_strip(s.m, a, part_of(s.k, chunks, chunk), strip, sums_of_strip,
                     [&](int64_t i, Piece piece, Vec sum)
                         BRASA_INLINE_LAMBDA { store(sum, to + i * s.n, piece); });
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

// Three rows of a and more meet a transposed b so many at a time. 16 lanes: us of one and of four at a time, two cores
// of Zen 5, 4 and 6 rows with 1024 x 1024: 96, 37 and 132, 59; with 4096 x 4096: 2650, 1460 and 3500, 1800, and 16 rows
// packed and so: 3200, 2500. 8 lanes have registers for two: 1760, 1810 and 74, 74.
constexpr int kRowsAtOnce = Vec::width == 16 ? 4 : 1;

// And so many columns: as many sums as there are lanes.
template <int Rows>
constexpr int kColumnsOf = Vec::width / Rows;

// c[i][j] = sum over l of a[i][l] * b[j][l], for up to `Rows` rows of a and `columns` of c: sums run along l in the
// lanes, and turn into the lanes of c at the end.
template <int Rows>
void rows_times_rows(const MatmulShape& s, int64_t rows, const float* a, const float* b,
                     Piece columns, const Sink& sink) {
  constexpr int kColumns = kColumnsOf<Rows>;
  Vec acc[Vec::width];
  const float *a_row[Rows], *b_row[kColumns];
  BRASA_UNROLL_ALL
  for (Vec& sum : acc) sum = Vec::zero();
  BRASA_UNROLL_ALL
  for (int i = 0; i < Rows; ++i) a_row[i] = a + smaller(i, rows - 1) * s.k;
  BRASA_UNROLL_ALL
  for (int j = 0; j < kColumns; ++j) b_row[j] = b + (columns.at + smaller(j, columns.n - 1)) * s.k;
  each_piece(0, s.k, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec a_l[Rows];
    BRASA_UNROLL_ALL
    for (int i = 0; i < Rows; ++i) a_l[i] = load(a_row[i], piece);
    BRASA_UNROLL_ALL
    for (int j = 0; j < kColumns; ++j) {
      const Vec b_l = load(b_row[j], piece);
      BRASA_UNROLL_ALL
      for (int i = 0; i < Rows; ++i) {
        acc[i * kColumns + j] = fma(a_l[i], b_l, acc[i * kColumns + j]);
      }
    }
  });
  transpose(acc);
  Vec total = acc[0];
  BRASA_UNROLL_ALL
  for (int j = 1; j < Vec::width; ++j) total = total + acc[j];
  alignas(64) float sums[Vec::width];
  total.store(sums);
  for (int64_t i = 0; i < rows; ++i) {
    sink.at(i * s.n).put(load(sums + i * kColumns, {0, columns.n}), columns);
  }
}

// The columns of this thread. b is read once: the rows of a that are not multiplied at once meet it in a near cache.
template <int Rows>
void rows_by_rows(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                  const Sink& sink) {
  constexpr int64_t kColumns = kColumnsOf<Rows>;
  const Range columns = exec.share(s.n, Vec::width);
  for (int64_t j = columns.begin; j < columns.end; j += kColumns) {
    const Piece piece = {j, static_cast<int>(smaller(kColumns, columns.end - j))};
    for (int64_t i = 0; i < s.m; i += Rows) {
      rows_times_rows<Rows>(s, smaller(Rows, s.m - i), a + i * s.k, b, piece, sink.at(i * s.n));
    }
  }
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
  const bool far = s.m <= kStripRows && s.k * s.n >= kFarFloats;
  if (s.transpose_b) {
    const bool few = s.m <= kThinRowsTransposed || (far && kRowsAtOnce > 1);
    return few && (!s.transpose_a || s.m == 1);
  }
  return far || s.m <= kThinRows;
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
  if (s.m == 1) return rows_by_rows<1>(exec, s, a, b, sink);
  if (s.m == 2) return rows_by_rows<2>(exec, s, a, b, sink);
  rows_by_rows<kRowsAtOnce>(exec, s, a, b, sink);
}

int64_t thin_workspace(const MatmulShape& s) {
  const int64_t chunks = row_chunks(s);
  return chunks > 1 ? 4 * chunks * s.m * s.n : 0;
}

}  // namespace brasa::cpu::BRASA_ISA
