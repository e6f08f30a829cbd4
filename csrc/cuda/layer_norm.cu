// A warp, or a thread where they are short, finds the statistics of a row from x - x_0: an offset far
// larger than the spread costs no digits. Sums in double precision, as columns.cuh has them.
#include "cuda/columns.cuh"
#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace brasa::cuda {
namespace {

// h = (x - x_0) * scale + level. Two numbers for each row.
struct RowScale {
  float scale, level;

  __device__ float of(float x, float first) const { return fmaf(x - first, scale, level); }
};

template <int W>
__device__ RowScale row_scale(const LayerNormShape& s, const float* x, int lane) {
  const float first = x[0];
  const double share = 1 / static_cast<double>(s.columns);
  double sum = 0, squares = 0;
  for (int64_t j = lane; j < s.columns; j += W) sum += double{x[j] - first};
  const float offset = static_cast<float>(row_sum<W>(sum) * share);
  for (int64_t j = lane; j < s.columns; j += W) {
    const double d = double{x[j] - first - offset};
    squares += d * d;
  }
  // Squares that float32 does not hold make the row NaN, as the contract has it.
  const float total = static_cast<float>(row_sum<W>(squares));
  const double deviation = sqrt(double{total} * share + double{s.epsilon});
  const float scale = static_cast<float>(1 / deviation) + (total - total);
  return {scale, -offset * scale};
}

// Traffic: x read three times, the second and third time from a cache, y written once.
template <int W>
__global__ void normalize_rows(LayerNormShape s, const float* x, const float* gamma,
                               const float* beta, Out<float> y) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= s.rows) return;
  const int64_t at = row * s.columns;
  const float first = x[at];
  const RowScale scale = row_scale<W>(s, x + at, lane);
  for (int64_t j = lane; j < s.columns; j += W) {
    y[at + j] = fmaf(scale.of(x[at + j], first), gamma != nullptr ? gamma[j] : 1.f,
                     beta != nullptr ? beta[j] : 0.f);
  }
}

template <int W>
__global__ void keep_scales(LayerNormShape s, const float* x, Out<float> scales,
                            Out<float> levels) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= s.rows) return;
  const RowScale scale = row_scale<W>(s, x + row * s.columns, lane);
  if (lane != 0) return;
  scales[row] = scale.scale;
  levels[row] = scale.level;
}

// What backward reads: the scales of all rows were kept.
struct Gradients {
  int64_t columns;
  const float *dy, *x, *gamma, *scales, *levels;

  __device__ float h(int64_t row, int64_t column) const {
    const int64_t at = row * columns;
    return RowScale{scales[row], levels[row]}.of(x[at + column], x[at]);
  }
  // The slope of h.
  __device__ float g(int64_t row, int64_t column) const {
    return dy[row * columns + column] * (gamma != nullptr ? gamma[column] : 1.f);
  }
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    const double slope = double{dy[row * columns + column]};
    return {slope * double{h(row, column)}, slope};
  }
};

__global__ void combine_gradients(ColumnChunks c, const double* products, const double* sums,
                                  Out<float> dgamma, Out<float> dbeta) {
  const int64_t column = flat_thread();
  if (column >= c.columns) return;
  double product = 0, sum = 0;
  for (int64_t chunk = 0; chunk < c.chunks; ++chunk) {
    product += products[chunk * c.columns + column];
    sum += sums[chunk * c.columns + column];
  }
  dgamma[column] = static_cast<float>(product);
  dbeta[column] = static_cast<float>(sum);
}

template <int W>
__global__ void data_gradient(LayerNormShape s, Gradients in, Out<float> dx) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= s.rows) return;
  double sum = 0, product = 0;
  for (int64_t j = lane; j < s.columns; j += W) {
    const double g = double{in.g(row, j)};
    sum += g;
    product += g * double{in.h(row, j)};
  }
  const double share = 1 / static_cast<double>(s.columns);
  const float mean = static_cast<float>(row_sum<W>(sum) * share);
  const float slope = static_cast<float>(row_sum<W>(product) * share);
  const float scale = in.scales[row];
  for (int64_t j = lane; j < s.columns; j += W) {
    dx[row * s.columns + j] = scale * fmaf(-in.h(row, j), slope, in.g(row, j) - mean);
  }
}

// The sums of the chunks, then the scales of the rows.
struct Scratch {
  double *products, *sums;
  float *scales, *levels;

  Scratch(const Exec& exec, const ColumnChunks& c)
      : products(reinterpret_cast<double*>(exec.scratch)),
        sums(products + c.elements()),
        scales(reinterpret_cast<float*>(sums + c.elements())),
        levels(scales + c.rows) {}
};

}  // namespace

void layer_norm(const Exec& exec, const LayerNormShape& s, const float* x, const float* gamma,
                const float* beta, float* y) {
  if (s.rows == 0) return;
  if (s.columns <= kThreadClasses) {
    launch(exec, rows_launch<1>(s.rows), normalize_rows<1>, s, x, gamma, beta, y);
  } else {
    launch(exec, rows_launch<32>(s.rows), normalize_rows<32>, s, x, gamma, beta, y);
  }
}

// dx last: it may be dy, which dgamma and dbeta need.
void layer_norm_backward(const Exec& exec, const LayerNormShape& s, const float* dy, const float* x,
                         const float* gamma, LayerNormGradients out) {
  const ColumnChunks c = column_chunks(s.rows, s.columns);
  const Scratch kept(exec, c);
  const Gradients in{s.columns, dy, x, gamma, kept.scales, kept.levels};
  const bool alone = s.columns <= kThreadClasses;
  if (s.rows > 0 && alone) {
    launch(exec, rows_launch<1>(s.rows), keep_scales<1>, s, x, kept.scales, kept.levels);
  } else if (s.rows > 0) {
    launch(exec, rows_launch<32>(s.rows), keep_scales<32>, s, x, kept.scales, kept.levels);
  }
  launch(exec, c.launch(), sum_chunks<Gradients>, c, in, kept.products, kept.sums);
  launch(exec, {dim3(static_cast<unsigned>(ceil_div(s.columns, 64))), dim3(64)}, combine_gradients,
         c, kept.products, kept.sums, out.dgamma, out.dbeta);
  if (s.rows > 0 && alone) {
    launch(exec, rows_launch<1>(s.rows), data_gradient<1>, s, in, out.dx);
  } else if (s.rows > 0) {
    launch(exec, rows_launch<32>(s.rows), data_gradient<32>, s, in, out.dx);
  }
}

int64_t layer_norm_backward_workspace(const LayerNormShape& s) {
  const ColumnChunks c = column_chunks(s.rows, s.columns);
  return 2 * (c.elements() * static_cast<int64_t>(sizeof(double)) +
              c.rows * static_cast<int64_t>(sizeof(float)));
}

}  // namespace brasa::cuda
