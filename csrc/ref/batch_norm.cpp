#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

double inverse_deviation(const BatchNormShape& shape, float variance) {
  return 1 / std::sqrt(double{variance} + shape.epsilon);
}

double gamma_of(const BatchNormScale& scale, int64_t j) { return scale.gamma ? scale.gamma[j] : 1; }
double beta_of(const BatchNormScale& scale, int64_t j) { return scale.beta ? scale.beta[j] : 0; }

}  // namespace

void batch_norm(const Exec& exec, const BatchNormShape& shape, const float* x,
                const BatchNormScale& scale, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows * shape.columns; ++i) {
    const int64_t j = i % shape.columns;
    const double h = (double{x[i]} - scale.mean[j]) * inverse_deviation(shape, scale.variance[j]);
    const double z = h * gamma_of(scale, j) + beta_of(scale, j);
    y[i] = static_cast<float>(activate(shape.activation, z));
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
                         const float* x, const BatchNormScale& scale, BatchNormGradients out) {
  if (exec.thread != 0) return;
  const int64_t C = shape.columns;
  const auto rows = static_cast<double>(shape.rows);
  for (int64_t j = 0; j < C; ++j) {
    const double inverse = inverse_deviation(shape, scale.variance[j]);
    const auto h = [&](int64_t i) { return (double{x[i]} - scale.mean[j]) * inverse; };
    const auto dz = [&](int64_t i) {
      const double z = h(i) * gamma_of(scale, j) + beta_of(scale, j);
      return activation_slope_from_x(shape.activation, dy[i], z);
    };
    double dbeta = 0, dgamma = 0;
    for (int64_t i = j; i < shape.rows * C; i += C) {
      dbeta += dz(i);
      dgamma += dz(i) * h(i);
    }
    for (int64_t i = j; i < shape.rows * C; i += C) {
      const double centred = dz(i) - dbeta / rows - h(i) * dgamma / rows;
      out.dx[i] = static_cast<float>(gamma_of(scale, j) * inverse * centred);
    }
    out.dgamma[j] = static_cast<float>(dgamma);
    out.dbeta[j] = static_cast<float>(dbeta);
  }
}

void batch_norm_fold(const Exec& exec, const BatchNormShape& shape, const float* w, const float* b,
                     const BatchNormScale& scale, FoldedWeights out) {
  if (exec.thread != 0) return;
  const int64_t K = shape.columns;
  for (int64_t j = 0; j < K; ++j) {
    const double a = gamma_of(scale, j) * inverse_deviation(shape, scale.variance[j]);
    for (int64_t i = j; i < shape.rows * K; i += K) out.w[i] = static_cast<float>(w[i] * a);
    out.b[j] = static_cast<float>(((b ? b[j] : 0.0) - scale.mean[j]) * a + beta_of(scale, j));
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
