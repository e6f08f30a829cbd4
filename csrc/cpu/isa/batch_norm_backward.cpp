// Two passes over dy and x: the sums, then dx. With an activation both compute its result again, which
// costs two operations where reading it would cost a fifth more memory traffic.
#include "cpu/isa/batch_norm_columns.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// What all rows of a strip share.
template <int Vectors>
struct Factors {
  Vec mean[Vectors], a[Vectors], b[Vectors];

  BRASA_INLINE Factors(Strip<Vectors> strip, const float* means, const Scratch& scratch) {
    strip.load(means, mean), strip.load(scratch.a, a), strip.load(scratch.b, b);
  }
};

template <ActivationKind kind>
BRASA_INLINE Vec slope_of(Vec dy, Vec centred, Vec a, Vec b, Vec alpha) {
  if (kind == ActivationKind::kNone) return dy;
  return activate_backward_from_x<kind>(dy, fma(centred, a, b), alpha);
}

// dbeta, and the sum of dz * (x - mean).
template <ActivationKind kind, int Vectors>
void sum_chunk(const BatchNormShape& s, int64_t chunk, Strip<Vectors> strip, const float* dy,
               const float* x, const float* mean, const Scratch& scratch) {
  const Range rows = chunk_rows(s.rows, chunk);
  const Factors<Vectors> f(strip, mean, scratch);
  const Vec alpha = Vec::all(s.activation.alpha);
  Vec sum[Vectors] = {}, products[Vectors] = {};
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    Vec g[Vectors], value[Vectors];
    strip.load(dy + i * s.columns, g), strip.load(x + i * s.columns, value);
    unrolled<Vectors>([&](int v) BRASA_INLINE_LAMBDA {
      const Vec centred = value[v] - f.mean[v];
      const Vec dz = slope_of<kind>(g[v], centred, f.a[v], f.b[v], alpha);
      sum[v] = sum[v] + dz;
      products[v] = fma(dz, centred, products[v]);
    });
  }
  scratch.keep(chunk, strip, sum, products);
}

// dgamma and dbeta of this thread's columns, and their shares in dx: the mean of dz, and the mean of
// dz * h over the deviation.
void combine_chunks(const Exec& exec, const BatchNormShape& s, const BatchNormScale& scale,
                    const Scratch& scratch, BatchNormGradients out) {
  const int64_t chunks = chunks_of(s.rows);
  const double rows = static_cast<double>(s.rows);
  each_line_of_columns(exec, s, [&](int64_t j, int64_t count) {
    double sum[kColumnGrain] = {}, products[kColumnGrain] = {};
    for (int64_t at = j; at < chunks * s.columns; at += s.columns) {
      for (int64_t i = 0; i < count; ++i) {
        sum[i] += scratch.first[at + i];
        products[i] += scratch.second[at + i];
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      const double inverse = static_cast<double>(inverse_deviation(s, scale.variance[j + i]));
      out.dbeta[j + i] = static_cast<float>(sum[i]);
      out.dgamma[j + i] = static_cast<float>(products[i] * inverse);
      scratch.level[j + i] = static_cast<float>(sum[i] / rows);
      scratch.slope[j + i] = static_cast<float>(products[i] * inverse * inverse / rows);
    }
  });
}

}  // namespace

void batch_norm_backward(const Exec& exec, const BatchNormShape& s, const float* dy, const float* x,
                         const BatchNormScale& scale, BatchNormGradients out) {
  const Scratch scratch(exec, s);
  fill_factors(exec, s, scale, scratch);
  exec.barrier();
  with_activation(s.activation.kind, [&](auto tag) {
    each_chunk(exec, s, [&](int64_t chunk, auto strip) BRASA_INLINE_LAMBDA {
      sum_chunk<decltype(tag)::kind>(s, chunk, strip, dy, x, scale.mean, scratch);
    });
  });
  exec.barrier();
  combine_chunks(exec, s, scale, scratch, out);
  exec.barrier();
  const Vec alpha = Vec::all(s.activation.alpha);
  with_activation(s.activation.kind, [&](auto tag) {
    each_row(exec, s, [&](int64_t at) BRASA_INLINE_LAMBDA {
      each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
        const Vec a = load(scratch.a, piece), b = load(scratch.b, piece);
        const Vec centred = load(x + at, piece) - load(scale.mean, piece);
        const Vec dz = slope_of<decltype(tag)::kind>(load(dy + at, piece), centred, a, b, alpha);
        const Vec level = dz - load(scratch.level, piece);
        store(a * fnma(centred, load(scratch.slope, piece), level), out.dx + at, piece);
      });
    });
  });
}

}  // namespace brasa::cpu::BRASA_ISA
