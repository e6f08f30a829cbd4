#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {

void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v) {
  if (exec.thread != 0) return;
  const double lr = hyper[0], momentum = shape.momentum;
  for (int64_t i = 0; i < shape.count; ++i) {
    const double velocity = (v == nullptr ? 0 : momentum * v[i]) - lr * g[i];
    const double move = shape.nesterov ? momentum * velocity - lr * g[i] : velocity;
    p[i] = static_cast<float>(p[i] + move);
    if (v != nullptr) v[i] = static_cast<float>(velocity);
  }
}

void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, float* m, float* v) {
  if (exec.thread != 0) return;
  const auto [count, beta_1, beta_2, epsilon] = shape;
  const double lr = hyper[0], step = hyper[1];
  const double rate = lr * std::sqrt(1 - std::pow(beta_2, step)) / (1 - std::pow(beta_1, step));
  for (int64_t i = 0; i < count; ++i) {
    const double gi = g[i];
    const double mi = m[i] + (1 - beta_1) * (gi - m[i]);
    const double vi = v[i] + (1 - beta_2) * (gi * gi - v[i]);
    p[i] = static_cast<float>(p[i] - rate * mi / (std::sqrt(vi) + epsilon));
    m[i] = static_cast<float>(mi);
    v[i] = static_cast<float>(vi);
  }
}

}  // namespace brasa::ref
