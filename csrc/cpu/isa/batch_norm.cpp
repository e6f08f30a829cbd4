// Statistics: each chunk of rows is read twice while it is in a cache, for its mean and then for its
// squares around it; chunks are combined in float64, in order.
#include "cpu/isa/batch_norm_columns.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The mean of a strip of a chunk, and the squares around it. The first row is taken off before
// anything is summed: an offset of all rows costs no digits.
template <int Vectors>
void sum_chunk(const BatchNormShape& s, int64_t chunk, Strip<Vectors> strip, const float* x,
               const Scratch& scratch) {
  const Range rows = chunk_rows(s.rows, chunk);
  Vec shift[Vectors], offset[Vectors], squares[Vectors];
  strip.load(x + rows.begin * s.columns, shift);
  find_offsets(rows, s.columns, strip, x, shift, offset);
  find_squares(rows, s.columns, strip, x, shift, offset, squares);
  scratch.keep(chunk, strip, offset, squares);
  // The mean is the sum of two floats, kept as one double.
  float shifts[Vectors * Vec::width];
  unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA { shift[v].store(shifts + v * Vec::width); });
  double* mean = scratch.first + chunk * s.columns + strip.at;
  for (int i = 0; i < strip.columns; ++i) mean[i] += static_cast<double>(shifts[i]);
}

// The statistics of columns [j, j + count), side by side: the quotients, which are those of the rows, are the same
// for all of them (Chan et al., 1983).
void combine_chunks(const BatchNormShape& s, const Scratch& scratch, int64_t j, int64_t count,
                    float* mean, float* variance) {
  double centre[kColumnGrain] = {}, squares[kColumnGrain] = {}, rows = 0;
  const int64_t chunks = chunks_of(s.rows);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const Range more = chunk_rows(s.rows, chunk);
    const double share = static_cast<double>(more.end - more.begin) / static_cast<double>(more.end);
    const double* means = scratch.first + chunk * s.columns + j;
    const double* around = scratch.second + chunk * s.columns + j;
    for (int64_t i = 0; i < count; ++i) {
      const double delta = means[i] - centre[i];
      squares[i] += around[i] + delta * delta * rows * share;
      centre[i] += delta * share;
    }
    rows = static_cast<double>(more.end);
  }
  for (int64_t i = 0; i < count; ++i) {
    mean[j + i] = static_cast<float>(centre[i]);
    variance[j + i] = static_cast<float>(squares[i] / rows);
  }
}

}  // namespace

void batch_norm_statistics(const Exec& exec, const BatchNormShape& s, const float* x, float* mean,
                           float* variance) {
  const Scratch scratch(exec, s);
  each_chunk(exec, s, [&](int64_t chunk, auto strip) BRASA_INLINE_LAMBDA {
    sum_chunk(s, chunk, strip, x, scratch);
  });
  exec.barrier();
  each_line_of_columns(exec, s, [&](int64_t j, int64_t count) {
    combine_chunks(s, scratch, j, count, mean, variance);
  });
}

void batch_norm(const Exec& exec, const BatchNormShape& s, const float* x,
                const BatchNormScale& scale, float* y) {
  const Scratch scratch(exec, s);
  fill_factors(exec, s, scale, scratch);
  exec.barrier();
  const Vec slope = Vec::all(s.activation.alpha);
  with_activation(s.activation.kind, [&](auto tag) {
    each_row(exec, s, [&](int64_t at) BRASA_INLINE_LAMBDA {
      each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
        const Vec centred = load(x + at, piece) - load(scale.mean, piece);
        const Vec z = fma(centred, load(scratch.a, piece), load(scratch.b, piece));
        store(activate<decltype(tag)::kind>(z, slope), y + at, piece);
      });
    });
  });
}

void batch_norm_fold(const Exec& exec, const BatchNormShape& s, const float* w, const float* b,
                     const BatchNormScale& scale, FoldedWeights out) {
  const Scratch scratch(exec, s);
  fill_factors(exec, s, scale, scratch);
  const Range columns = exec.share(s.columns, kColumnGrain);
  each_piece(columns.begin, columns.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec before = b == nullptr ? Vec::zero() : load(b, piece);
    const Vec centred = before - load(scale.mean, piece);
    store(fma(centred, load(scratch.a, piece), load(scratch.b, piece)), out.b, piece);
  });
  exec.barrier();
  const Range rows = exec.share(s.rows);
  for (int64_t i = rows.begin * s.columns; i < rows.end * s.columns; i += s.columns) {
    each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(load(w + i, piece) * load(scratch.a, piece), out.w + i, piece);
    });
  }
}

int64_t batch_norm_workspace(const BatchNormShape& s) {
  return 2 * (chunks_of(s.rows) + 1) * s.columns * static_cast<int64_t>(sizeof(double));
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
