// Statistics: each chunk of rows is summed around its first row, so that an offset far larger than the
// spread costs no digits; chunks are combined in order (Chan et al., 1983).
#include "cuda/columns.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// Two sums for each chunk and column, then two factors for each column.
struct Scratch {
  double *first, *second;
  float *a, *b;

  Scratch(const Exec& exec, const ColumnChunks& c)
      : first(reinterpret_cast<double*>(exec.scratch)),
        second(first + c.elements()),
        a(reinterpret_cast<float*>(second + c.elements())),
        b(a + c.columns) {}
};

struct AroundFirstRow {
  ColumnChunks c;
  const float* x;
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    const float d = x[row * c.columns + column] - x[c.begin(blockIdx.y) * c.columns + column];
    return {double{d}, double{d} * double{d}};
  }
};

struct Gradients {
  int64_t columns;
  const float *dy, *x, *mean;
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    const double g = dy[row * columns + column];
    return {g, g * double{x[row * columns + column] - mean[column]}};
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

__global__ void scale_factors(BatchNormShape s, BatchNormScale scale, const float* variance,
                              Out<float> a, Out<float> b) {
  const int64_t j = flat_thread();
  if (j >= s.columns) return;
  a[j] = inverse_deviation(s, variance[j]) * (scale.gamma != nullptr ? scale.gamma[j] : 1.f);
  b[j] = scale.beta != nullptr ? scale.beta[j] : 0.f;
}

struct Normalize {
  int64_t columns;
  const float *x, *mean, *a, *b;
  Out<float> y;
  template <int V>
  __device__ void piece(int64_t i) const {
    float v[V];
    load(x + i, v);
    for (int l = 0; l < V; ++l) {
      const int64_t j = (i + l) % columns;
      v[l] = fmaf(v[l] - mean[j], a[j], b[j]);
    }
    store(y, i, v);
  }
};

__global__ void combine_gradients(ColumnChunks c, BatchNormShape s, const float* gamma,
                                  const float* variance, Scratch parts, BatchNormGradients out) {
  const int64_t j = flat_thread();
  if (j >= s.columns) return;
  double sum = 0, products = 0;
  for (int64_t chunk = 0; chunk < c.chunks; ++chunk) {
    sum += parts.first[chunk * s.columns + j];
    products += parts.second[chunk * s.columns + j];
  }
  const double inverse = double{inverse_deviation(s, variance[j])};
  Out<float>(out.dbeta)[j] = static_cast<float>(sum);
  Out<float>(out.dgamma)[j] = static_cast<float>(products * inverse);
  Out<float>(parts.a)[j] = static_cast<float>(inverse) * (gamma != nullptr ? gamma[j] : 1.f);
  Out<float>(parts.b)[j] =
      static_cast<float>(products * inverse * inverse / static_cast<double>(s.rows));
}

__global__ void chunk_gradients(ColumnChunks c, Gradients terms, Out<double> sums,
                                Out<double> products) {
  const TwoSums both = sum_chunk(c, terms);
  const int64_t column = int64_t{blockIdx.x} * kColumns + threadIdx.x;
  if (threadIdx.y != 0 || column >= c.columns) return;
  sums[blockIdx.y * c.columns + column] = both.first;
  products[blockIdx.y * c.columns + column] = both.second;
}

// dx = a * (dy - dbeta / rows - (x - mean) * b)
struct DataGradient {
  int64_t columns;
  float share;
  const float *dy, *x, *mean, *dbeta, *a, *b;
  Out<float> dx;
  template <int V>
  __device__ void piece(int64_t i) const {
    float slope[V], value[V];
    load(dy + i, slope);
    load(x + i, value);
    for (int l = 0; l < V; ++l) {
      const int64_t j = (i + l) % columns;
      const float level = fmaf(-dbeta[j], share, slope[l]);
      slope[l] = a[j] * fmaf(-(value[l] - mean[j]), b[j], level);
    }
    store(dx, i, slope);
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

void batch_norm(const Exec& exec, const BatchNormShape& s, const float* x, BatchNormScale scale,
                const float* mean, const float* variance, float* y) {
  if (s.rows * s.columns == 0) return;
  const Scratch scratch(exec, column_chunks(s.rows, s.columns));
  launch(exec, for_columns(s.columns), scale_factors, s, scale, variance, scratch.a, scratch.b);
  for_pieces(exec, s.rows * s.columns, aligned16(x, y),
             Normalize{s.columns, x, mean, scratch.a, scratch.b, y});
}

void batch_norm_backward(const Exec& exec, const BatchNormShape& s, const float* dy, const float* x,
                         const float* gamma, const float* mean, const float* variance,
                         BatchNormGradients out) {
  if (s.columns == 0) return;
  const ColumnChunks c = column_chunks(s.rows, s.columns);
  const Scratch scratch(exec, c);
  launch(exec, c.launch(), chunk_gradients, c, Gradients{s.columns, dy, x, mean}, scratch.first,
         scratch.second);
  launch(exec, for_columns(s.columns), combine_gradients, c, s, gamma, variance, scratch, out);
  for_pieces(exec, s.rows * s.columns, aligned16(dy, x, out.dx),
             DataGradient{s.columns, 1.f / static_cast<float>(s.rows), dy, x, mean, out.dbeta,
                          scratch.a, scratch.b, out.dx});
}

int64_t batch_norm_workspace(const BatchNormShape& s) {
  const ColumnChunks c = column_chunks(s.rows, s.columns);
  return (2 * c.elements() + c.columns) * static_cast<int64_t>(sizeof(double));
}

void moving_average(const Exec& exec, int64_t count, float momentum, const float* value,
                    float* moving) {
  map<2>(exec, count, Moving{momentum}, {{moving, value}}, moving);
}

}  // namespace brasa::cuda
