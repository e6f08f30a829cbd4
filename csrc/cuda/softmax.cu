#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace brasa::cuda {
namespace {

// Traffic: x read twice, the second time from a cache, y written once.
template <int W>
__global__ void softmax_rows(RowsShape shape, const float* x, Out<float> y) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= shape.rows) return;
  const int64_t at = row * shape.classes;
  const OnlineSum total = online_sum<W>(x + at, lane, shape.classes);
  for (int64_t j = lane; j < shape.classes; j += W) {
    y[at + j] = expf(x[at + j] - total.highest) / total.sum;
  }
}

// Traffic: dy and y read twice, the second time from a cache, dx written once.
template <int W>
__global__ void softmax_rows_backward(RowsShape shape, const float* dy, const float* y,
                                      Out<float> dx) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= shape.rows) return;
  const int64_t at = row * shape.classes;
  float sum = 0.f;
  for (int64_t j = lane; j < shape.classes; j += W) sum = fmaf(dy[at + j], y[at + j], sum);
  sum = row_sum<W>(sum);
  for (int64_t j = lane; j < shape.classes; j += W) dx[at + j] = y[at + j] * (dy[at + j] - sum);
}

// Traffic: as above.
template <int W>
__global__ void log_softmax_rows(RowsShape shape, const float* x, Out<float> y) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= shape.rows) return;
  const int64_t at = row * shape.classes;
  const OnlineSum total = online_sum<W>(x + at, lane, shape.classes);
  const float of_sum = logf(total.sum);
  for (int64_t j = lane; j < shape.classes; j += W) {
    y[at + j] = x[at + j] - total.highest - of_sum;
  }
}

// Traffic: dy read twice, the second time from a cache, y once, dx written once.
template <int W>
__global__ void log_softmax_rows_backward(RowsShape shape, const float* dy, const float* y,
                                          Out<float> dx) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= shape.rows) return;
  const int64_t at = row * shape.classes;
  float sum = 0.f;
  for (int64_t j = lane; j < shape.classes; j += W) sum += dy[at + j];
  sum = row_sum<W>(sum);
  for (int64_t j = lane; j < shape.classes; j += W) {
    dx[at + j] = fmaf(-expf(y[at + j]), sum, dy[at + j]);
  }
}

}  // namespace

void softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y) {
  if (shape.rows == 0 || shape.classes == 0) return;
  with_row_width(shape.classes, [&](auto width) {
    constexpr int W = decltype(width)::value;
    launch(exec, rows_launch<W>(shape.rows), softmax_rows<W>, shape, x, y);
  });
}

void softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                      float* dx) {
  if (shape.rows == 0 || shape.classes == 0) return;
  with_row_width(shape.classes, [&](auto width) {
    constexpr int W = decltype(width)::value;
    launch(exec, rows_launch<W>(shape.rows), softmax_rows_backward<W>, shape, dy, y, dx);
  });
}

void log_softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y) {
  if (shape.rows == 0 || shape.classes == 0) return;
  with_row_width(shape.classes, [&](auto width) {
    constexpr int W = decltype(width)::value;
    launch(exec, rows_launch<W>(shape.rows), log_softmax_rows<W>, shape, x, y);
  });
}

void log_softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                          float* dx) {
  if (shape.rows == 0 || shape.classes == 0) return;
  with_row_width(shape.classes, [&](auto width) {
    constexpr int W = decltype(width)::value;
    launch(exec, rows_launch<W>(shape.rows), log_softmax_rows_backward<W>, shape, dy, y, dx);
  });
}

}  // namespace brasa::cuda
