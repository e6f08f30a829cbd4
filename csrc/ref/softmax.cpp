#include <algorithm>
#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {

void softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows; ++i) {
    const float* xi = x + i * shape.classes;
    float* yi = y + i * shape.classes;
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < shape.classes; ++j) max = std::max<double>(max, xi[j]);
    for (int64_t j = 0; j < shape.classes; ++j) sum += std::exp(xi[j] - max);
    for (int64_t j = 0; j < shape.classes; ++j) {
      yi[j] = static_cast<float>(std::exp(xi[j] - max) / sum);
    }
  }
}

void softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                      float* dx) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows; ++i) {
    const float* dyi = dy + i * shape.classes;
    const float* yi = y + i * shape.classes;
    float* dxi = dx + i * shape.classes;
    double sum = 0;
    for (int64_t j = 0; j < shape.classes; ++j) sum += double{dyi[j]} * yi[j];
    for (int64_t j = 0; j < shape.classes; ++j) {
      dxi[j] = static_cast<float>(yi[j] * (dyi[j] - sum));
    }
  }
}

void log_softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows; ++i) {
    const float* xi = x + i * shape.classes;
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < shape.classes; ++j) max = std::max<double>(max, xi[j]);
    for (int64_t j = 0; j < shape.classes; ++j) sum += std::exp(xi[j] - max);
    for (int64_t j = 0; j < shape.classes; ++j) {
      y[i * shape.classes + j] = static_cast<float>(xi[j] - max - std::log(sum));
    }
  }
}

void log_softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                          float* dx) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows; ++i) {
    const float* dyi = dy + i * shape.classes;
    double sum = 0;
    for (int64_t j = 0; j < shape.classes; ++j) sum += dyi[j];
    for (int64_t j = 0; j < shape.classes; ++j) {
      const int64_t at = i * shape.classes + j;
      dx[at] = static_cast<float>(dyi[j] - std::exp(double{y[at]}) * sum);
    }
  }
}

}  // namespace brasa::ref
