// Statistics: each chunk of rows is summed around its first row, so that an offset far larger than the
// spread costs no digits; chunks are combined in order (Chan et al., 1983).
#include "cuda/activate.cuh"
#include "cuda/columns.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// Two sums for each chunk and column; then for each column two factors, and what backward takes off.
struct Scratch {
  double *first, *second;
  float *a, *b, *slope;

  Scratch(const Exec& exec, const ColumnChunks& c)
      : first(reinterpret_cast<double*>(exec.scratch)),
        second(first + c.elements()),
        a(reinterpret_cast<float*>(second + c.elements())),
        b(a + c.columns),
        slope(b + c.columns) {}
};

struct AroundFirstRow {
  ColumnChunks c;
  const float* x;
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    const float d = x[row * c.columns + column] - x[c.begin(blockIdx.y) * c.columns + column];
    return {double{d}, double{d} * double{d}};
  }
};

// z = (x - mean) * a + beta, and what dy becomes on its way back through the activation.
struct Gradients {
  int64_t columns;
  Activation activation;
  const float *dy, *x, *mean, *a, *b;
  __device__ float slope(float slope_of_y, float centred, int64_t column) const {
    const float z = fmaf(centred, a[column], b[column]);
    return activation_slope_from_x(activation, slope_of_y, z);
  }
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    const int64_t i = row * columns + column;
    const float centred = x[i] - mean[column];
    const double g = slope(dy[i], centred, column);
    return {g, g * double{centred}};
  }
};

__global__ void chunk_statistics(ColumnChunks c, const float* x, Out<double> means,
                                 Out<double> squares) {
  const TwoSums sums = sum_chunk(c, AroundFirstRow{c, x});
  const int64_t column = int64_t{blockIdx.x} * kColumns + threadIdx.x, chunk = blockIdx.y;
  if (threadIdx.y != 0 || column >= c.columns) return;
  const double rows = static_cast<double>(c.length(chunk));
  means[chunk * c.columns + column] =
      double{x[c.begin(chunk) * c.columns + column]} + sums.first / rows;
  squares[chunk * c.columns + column] = sums.second - sums.first * sums.first / rows;
}

__global__ void combine_statistics(ColumnChunks c, const double* means, const double* squares,
                                   Out<float> mean, Out<float> variance) {
  const int64_t column = flat_thread();
  if (column >= c.columns) return;
  double centre = 0, total = 0, count = 0;
  for (int64_t chunk = 0; chunk < c.chunks; ++chunk) {
    const double more = static_cast<double>(c.length(chunk));
    const double delta = means[chunk * c.columns + column] - centre;
    total += squares[chunk * c.columns + column] + delta * delta * count * more / (count + more);
    count += more;
    centre += delta * more / count;
  }
  mean[column] = static_cast<float>(centre);
  // Rounding can leave a column of equal values below zero.
  const double spread = total / static_cast<double>(c.rows);
  variance[column] = static_cast<float>(spread < 0 ? 0 : spread);
}

__device__ float inverse_deviation(const BatchNormShape& s, float variance) {
  return static_cast<float>(1 / sqrt(double{variance} + double{s.epsilon}));
}

__global__ void scale_factors(BatchNormShape s, BatchNormScale scale, Out<float> a, Out<float> b) {
  const int64_t j = flat_thread();
  if (j >= s.columns) return;
  a[j] = inverse_deviation(s, scale.variance[j]) * (scale.gamma != nullptr ? scale.gamma[j] : 1.f);
  b[j] = scale.beta != nullptr ? scale.beta[j] : 0.f;
}

struct Normalize {
  int64_t columns;
  Activation activation;
  const float *x, *mean, *a, *b;
  Out<float> y;
  template <int V>
  __device__ void piece(int64_t i) const {
    float v[V];
    load(x + i, v);
    for (int l = 0; l < V; ++l) {
      const int64_t j = (i + l) % columns;
      v[l] = activate(activation, fmaf(v[l] - mean[j], a[j], b[j]));
    }
    store(y, i, v);
  }
};

__global__ void combine_gradients(ColumnChunks c, BatchNormShape s, BatchNormScale scale,
                                  Scratch parts, BatchNormGradients out) {
  const int64_t j = flat_thread();
  if (j >= s.columns) return;
  double sum = 0, products = 0;
  for (int64_t chunk = 0; chunk < c.chunks; ++chunk) {
    sum += parts.first[chunk * s.columns + j];
    products += parts.second[chunk * s.columns + j];
  }
  const double inverse = double{inverse_deviation(s, scale.variance[j])};
  Out<float>(out.dbeta)[j] = static_cast<float>(sum);
  Out<float>(out.dgamma)[j] = static_cast<float>(products * inverse);
  Out<float>(parts.slope)[j] =
      static_cast<float>(products * inverse * inverse / static_cast<double>(s.rows));
}

// folded_b, from the factors of the columns.
__global__ void fold_bias(int64_t columns, const float* bias, const float* mean, const float* a,
                          const float* beta, Out<float> out) {
  const int64_t j = flat_thread();
  if (j >= columns) return;
  out[j] = fmaf((bias != nullptr ? bias[j] : 0.f) - mean[j], a[j], beta[j]);
}

struct FoldWeights {
  int64_t columns;
  const float *w, *a;
  Out<float> out;
  template <int V>
  __device__ void piece(int64_t i) const {
    float v[V];
    load(w + i, v);
    for (int l = 0; l < V; ++l) v[l] *= a[(i + l) % columns];
    store(out, i, v);
  }
};

// dx = a * (dz - dbeta / rows - (x - mean) * slope)
struct DataGradient {
  Gradients terms;
  float share;
  const float *dbeta, *slope;
  Out<float> dx;
  template <int V>
  __device__ void piece(int64_t i) const {
    float dy[V], x[V], result[V];
    load(terms.dy + i, dy);
    load(terms.x + i, x);
    for (int l = 0; l < V; ++l) {
      const int64_t j = (i + l) % terms.columns;
      const float centred = x[l] - terms.mean[j];
      const float level = fmaf(-dbeta[j], share, terms.slope(dy[l], centred, j));
      result[l] = terms.a[j] * fmaf(-centred, slope[j], level);
    }
    store(dx, i, result);
  }
};

struct Moving {
  float momentum;
  __device__ float operator()(const float (&v)[2]) const {
    return fmaf(v[0], momentum, v[1] * (1.f - momentum));
  }
};

Launch for_columns(int64_t columns) {
  return {dim3(static_cast<unsigned>(ceil_div(columns, 64))), dim3(64)};
}

}  // namespace

void batch_norm_statistics(const Exec& exec, const BatchNormShape& s, const float* x, float* mean,
                           float* variance) {
  if (s.columns == 0) return;
  const ColumnChunks c = column_chunks(s.rows, s.columns);
  const Scratch scratch(exec, c);
  launch(exec, c.launch(), chunk_statistics, c, x, scratch.first, scratch.second);
  launch(exec, for_columns(s.columns), combine_statistics, c, scratch.first, scratch.second, mean,
         variance);
}

void batch_norm(const Exec& exec, const BatchNormShape& s, const float* x,
                const BatchNormScale& scale, float* y) {
  if (s.rows * s.columns == 0) return;
  const Scratch scratch(exec, column_chunks(s.rows, s.columns));
  launch(exec, for_columns(s.columns), scale_factors, s, scale, scratch.a, scratch.b);
  for_pieces(exec, s.rows * s.columns, aligned16(x, y),
             Normalize{s.columns, s.activation, x, scale.mean, scratch.a, scratch.b, y});
}

void batch_norm_backward(const Exec& exec, const BatchNormShape& s, const float* dy, const float* x,
                         const BatchNormScale& scale, BatchNormGradients out) {
  if (s.columns == 0) return;
  const ColumnChunks c = column_chunks(s.rows, s.columns);
  const Scratch scratch(exec, c);
  const Gradients terms{s.columns, s.activation, dy, x, scale.mean, scratch.a, scratch.b};
  launch(exec, for_columns(s.columns), scale_factors, s, scale, scratch.a, scratch.b);
  launch(exec, c.launch(), sum_chunks<Gradients>, c, terms, scratch.first, scratch.second);
  launch(exec, for_columns(s.columns), combine_gradients, c, s, scale, scratch, out);
  for_pieces(
      exec, s.rows * s.columns, aligned16(dy, x, out.dx),
      DataGradient{terms, 1.f / static_cast<float>(s.rows), out.dbeta, scratch.slope, out.dx});
}

void batch_norm_fold(const Exec& exec, const BatchNormShape& s, const float* w, const float* b,
                     const BatchNormScale& scale, FoldedWeights out) {
  if (s.columns == 0) return;
  const Scratch scratch(exec, column_chunks(s.rows, s.columns));
  launch(exec, for_columns(s.columns), scale_factors, s, scale, scratch.a, scratch.b);
  launch(exec, for_columns(s.columns), fold_bias, s.columns, b, scale.mean, scratch.a, scratch.b,
         out.b);
  for_pieces(exec, s.rows * s.columns, aligned16(w, out.w),
             FoldWeights{s.columns, w, scratch.a, out.w});
}

int64_t batch_norm_workspace(const BatchNormShape& s) {
  const ColumnChunks c = column_chunks(s.rows, s.columns);
  return 2 * (c.elements() + c.columns) * static_cast<int64_t>(sizeof(double));
}

void moving_average(const Exec& exec, int64_t count, float momentum, const float* value,
                    float* moving) {
  map<2>(exec, count, Moving{momentum}, {{moving, value}}, moving);
}

}  // namespace brasa::cuda
