// Statistics: each chunk of rows is read twice while it is in a cache, for its mean and then for its
// squares around it; chunks are combined in float64, in order.
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int64_t kChunkRows = 64, kMostChunks = 256;
constexpr int64_t kColumnGrain = 16;  // a cache line of float32

int64_t chunks_of(int64_t rows) {
  const int64_t chunks = rows / kChunkRows;
  return chunks < 1 ? 1 : chunks > kMostChunks ? kMostChunks : chunks;
}

struct Chunk {
  int64_t begin, end;
};

// Two sums for each chunk and column, then two factors for each column.
struct Scratch {
  double *first, *second;
  float *a, *b;

  Scratch(const Exec& exec, const BatchNormShape& s) {
    const int64_t sums = chunks_of(s.rows) * s.columns;
    first = reinterpret_cast<double*>(exec.scratch);
    second = first + sums;
    a = reinterpret_cast<float*>(second + sums);
    b = a + s.columns;
  }
};

// f(chunk, its rows, piece of the columns) for this thread's share of all of them.
template <class F>
BRASA_INLINE void each_chunk(const Exec& exec, const BatchNormShape& s, F f) {
  const int64_t chunks = chunks_of(s.rows), pieces = (s.columns + Vec::width - 1) / Vec::width;
  const Range tasks = exec.share(chunks * pieces);
  for (int64_t i = tasks.begin; i < tasks.end; ++i) {
    const int64_t chunk = i / pieces, at = i % pieces * Vec::width, left = s.columns - at;
    const Piece piece = {at, static_cast<int>(left < Vec::width ? left : Vec::width)};
    f(chunk, Chunk{s.rows * chunk / chunks, s.rows * (chunk + 1) / chunks}, piece);
  }
}

BRASA_INLINE float inverse_deviation(const BatchNormShape& s, float variance) {
  return static_cast<float>(1 / __builtin_sqrt(static_cast<double>(variance) + s.epsilon));
}

}  // namespace

void batch_norm_statistics(const Exec& exec, const BatchNormShape& s, const float* x, float* mean,
                           float* variance) {
  const Scratch scratch(exec, s);
  each_chunk(exec, s, [&](int64_t chunk, Chunk rows, Piece piece) {
    const Vec shift = load(x + rows.begin * s.columns, piece);
    Vec sum = Vec::zero(), squares = Vec::zero();
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      sum = sum + (load(x + i * s.columns, piece) - shift);
    }
    const Vec offset = sum / Vec::all(static_cast<float>(rows.end - rows.begin));
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      const Vec d = load(x + i * s.columns, piece) - shift - offset;
      squares = fma(d, d, squares);
    }
    float shifts[Vec::width], offsets[Vec::width], sums[Vec::width];
    shift.store(shifts), offset.store(offsets), squares.store(sums);
    for (int l = 0; l < piece.n; ++l) {
      const int64_t at = chunk * s.columns + piece.at + l;
      scratch.first[at] = static_cast<double>(shifts[l]) + static_cast<double>(offsets[l]);
      scratch.second[at] = static_cast<double>(sums[l]);
    }
  });
  exec.barrier();
  const int64_t chunks = chunks_of(s.rows);
  const Range mine = exec.share(s.columns, kColumnGrain);
  for (int64_t j = mine.begin; j < mine.end; ++j) {
    double centre = 0, squares = 0, count = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const auto more =
          static_cast<double>(s.rows * (chunk + 1) / chunks - s.rows * chunk / chunks);
      const double delta = scratch.first[chunk * s.columns + j] - centre;
      squares +=
          scratch.second[chunk * s.columns + j] + delta * delta * count * more / (count + more);
      count += more;
      centre += delta * more / count;
    }
    mean[j] = static_cast<float>(centre);
    variance[j] = static_cast<float>(squares / static_cast<double>(s.rows));
  }
}

void batch_norm(const Exec& exec, const BatchNormShape& s, const float* x, BatchNormScale scale,
                const float* mean, const float* variance, float* y) {
  const Scratch scratch(exec, s);
  const Range columns = exec.share(s.columns, kColumnGrain);
  for (int64_t j = columns.begin; j < columns.end; ++j) {
    scratch.a[j] = inverse_deviation(s, variance[j]) * (scale.gamma ? scale.gamma[j] : 1.f);
    scratch.b[j] = scale.beta ? scale.beta[j] : 0.f;
  }
  exec.barrier();
  const Range rows = exec.share(s.rows);
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const float* from = x + i * s.columns;
    float* to = y + i * s.columns;
    each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec centred = load(from, piece) - load(mean, piece);
      store(fma(centred, load(scratch.a, piece), load(scratch.b, piece)), to, piece);
    });
  }
}

void batch_norm_backward(const Exec& exec, const BatchNormShape& s, const float* dy, const float* x,
                         const float* gamma, const float* mean, const float* variance,
                         BatchNormGradients out) {
  const Scratch scratch(exec, s);
  each_chunk(exec, s, [&](int64_t chunk, Chunk rows, Piece piece) {
    const Vec centre = load(mean, piece);
    Vec sum = Vec::zero(), products = Vec::zero();
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      const Vec g = load(dy + i * s.columns, piece);
      sum = sum + g;
      products = fma(g, load(x + i * s.columns, piece) - centre, products);
    }
    float sums[Vec::width], dots[Vec::width];
    sum.store(sums), products.store(dots);
    for (int l = 0; l < piece.n; ++l) {
      const int64_t at = chunk * s.columns + piece.at + l;
      scratch.first[at] = static_cast<double>(sums[l]);
      scratch.second[at] = static_cast<double>(dots[l]);
    }
  });
  exec.barrier();
  const Range columns = exec.share(s.columns, kColumnGrain);
  const int64_t chunks = chunks_of(s.rows);
  for (int64_t j = columns.begin; j < columns.end; ++j) {
    double sum = 0, products = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      sum += scratch.first[chunk * s.columns + j];
      products += scratch.second[chunk * s.columns + j];
    }
    const float inverse = inverse_deviation(s, variance[j]);
    const double rows = static_cast<double>(s.rows);
    out.dbeta[j] = static_cast<float>(sum);
    out.dgamma[j] = static_cast<float>(products * static_cast<double>(inverse));
    scratch.a[j] = inverse * (gamma ? gamma[j] : 1.f);
    scratch.b[j] = static_cast<float>(products * static_cast<double>(inverse) *
                                      static_cast<double>(inverse) / rows);
  }
  exec.barrier();
  const Vec share = Vec::all(1.f / static_cast<float>(s.rows));
  const Range rows = exec.share(s.rows);
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t at = i * s.columns;
    each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec centred = load(x + at, piece) - load(mean, piece);
      const Vec level = fnma(load(out.dbeta, piece), share, load(dy + at, piece));
      store(load(scratch.a, piece) * fnma(centred, load(scratch.b, piece), level), out.dx + at,
            piece);
    });
  }
}

int64_t batch_norm_workspace(const BatchNormShape& s) {
  return (2 * chunks_of(s.rows) + 1) * s.columns * static_cast<int64_t>(sizeof(double));
}

void moving_average(const Exec& exec, int64_t count, float momentum, const float* value,
                    float* moving) {
  const Range range = exec.share(count, kFlatGrain);
  const Vec keep_share = Vec::all(momentum), take = Vec::all(1.f - momentum);
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(fma(load(moving, piece), keep_share, load(value, piece) * take), moving, piece);
  });
}

}  // namespace brasa::cpu::BRASA_ISA
