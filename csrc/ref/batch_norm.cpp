#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

double inverse_deviation(const BatchNormShape& shape, float variance) {
  return 1 / std::sqrt(double{variance} + shape.epsilon);
}

}  // namespace

void batch_norm(const Exec& exec, const BatchNormShape& shape, const float* x, BatchNormScale scale,
                const float* mean, const float* variance, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows * shape.columns; ++i) {
    const int64_t j = i % shape.columns;
    const double h = (double{x[i]} - mean[j]) * inverse_deviation(shape, variance[j]);
    const double gamma = scale.gamma ? scale.gamma[j] : 1, beta = scale.beta ? scale.beta[j] : 0;
    y[i] = static_cast<float>(h * gamma + beta);
  }
}

void batch_norm_statistics(const Exec& exec, const BatchNormShape& shape, const float* x,
                           float* mean, float* variance) {
  if (exec.thread != 0) return;
  for (int64_t j = 0; j < shape.columns; ++j) {
    const auto rows = static_cast<double>(shape.rows);
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < shape.rows; ++i) sum += x[i * shape.columns + j];
    for (int64_t i = 0; i < shape.rows; ++i) {
      const double d = x[i * shape.columns + j] - sum / rows;
      squares += d * d;
    }
    mean[j] = static_cast<float>(sum / rows);
    variance[j] = static_cast<float>(squares / rows);
  }
}

void batch_norm_backward(const Exec& exec, const BatchNormShape& shape, const float* dy,
                         const float* x, const float* gamma, const float* mean,
                         const float* variance, BatchNormGradients out) {
  if (exec.thread != 0) return;
  const int64_t C = shape.columns;
  const auto rows = static_cast<double>(shape.rows);
  for (int64_t j = 0; j < C; ++j) {
    const double inverse = inverse_deviation(shape, variance[j]);
    double dbeta = 0, dgamma = 0;
    for (int64_t i = j; i < shape.rows * C; i += C) {
      dbeta += dy[i];
      dgamma += dy[i] * (double{x[i]} - mean[j]) * inverse;
    }
    for (int64_t i = j; i < shape.rows * C; i += C) {
      const double h = (double{x[i]} - mean[j]) * inverse;
      const double centred = dy[i] - dbeta / rows - h * dgamma / rows;
      out.dx[i] = static_cast<float>((gamma ? gamma[j] : 1) * inverse * centred);
    }
    out.dgamma[j] = static_cast<float>(dgamma);
    out.dbeta[j] = static_cast<float>(dbeta);
  }
}

int64_t batch_norm_workspace(const BatchNormShape&) { return 0; }

void moving_average(const Exec& exec, int64_t count, float momentum, const float* value,
                    float* moving) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) {
    moving[i] = static_cast<float>(double{moving[i]} * momentum +
                                   double{value[i]} * (1 - double{momentum}));
  }
}

}  // namespace brasa::ref
