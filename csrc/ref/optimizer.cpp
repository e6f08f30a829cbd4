#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

double gradient_of(const Shrink& shrink, double g, double p) {
  if (!shrink.any()) return g;
  const double sign = p > 0 ? 1 : p < 0 ? -1 : 0;
  return g + shrink.l1 * sign + 2 * shrink.l2 * p;
}

double decayed(const Shrink& shrink, double lr, double p) {
  return shrink.any() ? p - lr * shrink.weight_decay * p : p;
}

}  // namespace

void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v) {
  if (exec.thread != 0) return;
  const double lr = hyper[0], momentum = shape.momentum;
  for (int64_t i = 0; i < shape.count; ++i) {
    const double gi = gradient_of(shape.shrink, g[i], p[i]);
    const double velocity = (v == nullptr ? 0 : momentum * v[i]) - lr * gi;
    const double move = shape.nesterov ? momentum * velocity - lr * gi : velocity;
    p[i] = static_cast<float>(decayed(shape.shrink, lr, p[i]) + move);
    if (v != nullptr) v[i] = static_cast<float>(velocity);
  }
}

void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, const AdamSlots& slots) {
  if (exec.thread != 0) return;
  const auto [count, beta_1, beta_2, epsilon, shrink] = shape;
  const auto [m, v, v_hat] = slots;
  const double lr = hyper[0], step = hyper[1];
  const double rate = lr * std::sqrt(1 - std::pow(beta_2, step)) / (1 - std::pow(beta_1, step));
  for (int64_t i = 0; i < count; ++i) {
    const double gi = gradient_of(shrink, g[i], p[i]);
    const double mi = m[i] + (1 - beta_1) * (gi - m[i]);
    const double vi = v[i] + (1 - beta_2) * (gi * gi - v[i]);
    double square = vi;
    if (v_hat != nullptr) {
      if (v_hat[i] >= vi) square = v_hat[i];
      v_hat[i] = static_cast<float>(square);
    }
    p[i] =
        static_cast<float>(decayed(shrink, lr, p[i]) - rate * mi / (std::sqrt(square) + epsilon));
    m[i] = static_cast<float>(mi);
    v[i] = static_cast<float>(vi);
  }
}

void rmsprop_step(const Exec& exec, const RmspropShape& shape, const double* hyper, const float* g,
                  float* p, const RmspropSlots& slots) {
  if (exec.thread != 0) return;
  const auto [count, rho, momentum, epsilon, shrink] = shape;
  const auto [v, m, a] = slots;
  const double lr = hyper[0];
  for (int64_t i = 0; i < count; ++i) {
    const double gi = gradient_of(shrink, g[i], p[i]);
    const double vi = v[i] + (1 - rho) * (gi * gi - v[i]);
    double spread = vi;
    if (a != nullptr) {
      const double ai = a[i] + (1 - rho) * (gi - a[i]);
      spread = vi - ai * ai;
      if (spread < 0) spread = 0;
      a[i] = static_cast<float>(ai);
    }
    double move = lr * gi / std::sqrt(spread + epsilon);
    if (m != nullptr) {
      move += momentum * m[i];
      m[i] = static_cast<float>(move);
    }
    v[i] = static_cast<float>(vi);
    p[i] = static_cast<float>(decayed(shrink, lr, p[i]) - move);
  }
}

void adagrad_step(const Exec& exec, const AdagradShape& shape, const double* hyper, const float* g,
                  float* p, float* v) {
  if (exec.thread != 0) return;
  const double lr = hyper[0];
  for (int64_t i = 0; i < shape.count; ++i) {
    const double gi = gradient_of(shape.shrink, g[i], p[i]), vi = v[i] + gi * gi;
    p[i] = static_cast<float>(decayed(shape.shrink, lr, p[i]) -
                              lr * gi / std::sqrt(vi + shape.epsilon));
    v[i] = static_cast<float>(vi);
  }
}

void adadelta_step(const Exec& exec, const AdadeltaShape& shape, const double* hyper,
                   const float* g, float* p, float* v, float* u) {
  if (exec.thread != 0) return;
  const auto [count, rho, epsilon, shrink] = shape;
  const double lr = hyper[0];
  for (int64_t i = 0; i < count; ++i) {
    const double gi = gradient_of(shrink, g[i], p[i]);
    const double vi = v[i] + (1 - rho) * (gi * gi - v[i]);
    const double move = gi * std::sqrt(u[i] + epsilon) / std::sqrt(vi + epsilon);
    p[i] = static_cast<float>(decayed(shrink, lr, p[i]) - lr * move);
    v[i] = static_cast<float>(vi);
    u[i] = static_cast<float>(u[i] + (1 - rho) * (move * move - u[i]));
  }
}

void adamax_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                 float* p, const AdamSlots& slots) {
  if (exec.thread != 0) return;
  const auto [count, beta_1, beta_2, epsilon, shrink] = shape;
  const double lr = hyper[0], rate = lr / (1 - std::pow(beta_1, hyper[1]));
  for (int64_t i = 0; i < count; ++i) {
    const double gi = gradient_of(shrink, g[i], p[i]);
    const double mi = slots.m[i] + (1 - beta_1) * (gi - slots.m[i]);
    const double kept = beta_2 * slots.v[i], size = kept > std::abs(gi) ? kept : std::abs(gi);
    p[i] = static_cast<float>(decayed(shrink, lr, p[i]) - rate * mi / (size + epsilon));
    slots.m[i] = static_cast<float>(mi);
    slots.v[i] = static_cast<float>(size);
  }
}

void nadam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                float* p, const AdamSlots& slots) {
  if (exec.thread != 0) return;
  const auto [count, beta_1, beta_2, epsilon, shrink] = shape;
  const auto momentum = [beta_1 = beta_1](double t) {
    return beta_1 * (1 - 0.5 * std::pow(0.96, t));
  };
  const double lr = hyper[0], step = hyper[1], now = momentum(step), next = momentum(step + 1);
  double product = 1;
  for (double t = 1; t <= step; ++t) product *= momentum(t);
  for (int64_t i = 0; i < count; ++i) {
    const double gi = gradient_of(shrink, g[i], p[i]);
    const double mi = slots.m[i] + (1 - beta_1) * (gi - slots.m[i]);
    const double vi = slots.v[i] + (1 - beta_2) * (gi * gi - slots.v[i]);
    const double mean = next * mi / (1 - product * next) + (1 - now) * gi / (1 - product);
    const double root = std::sqrt(vi / (1 - std::pow(beta_2, step)));
    p[i] = static_cast<float>(decayed(shrink, lr, p[i]) - lr * mean / (root + epsilon));
    slots.m[i] = static_cast<float>(mi);
    slots.v[i] = static_cast<float>(vi);
  }
}

void lion_step(const Exec& exec, const LionShape& shape, const double* hyper, const float* g,
               float* p, float* m) {
  if (exec.thread != 0) return;
  const double lr = hyper[0];
  for (int64_t i = 0; i < shape.count; ++i) {
    const double gi = gradient_of(shape.shrink, g[i], p[i]);
    const double mixed = m[i] + (1 - shape.beta_1) * (gi - m[i]);
    const double sign = mixed > 0 ? 1 : mixed < 0 ? -1 : mixed;  // NaN stays
    p[i] = static_cast<float>(decayed(shape.shrink, lr, p[i]) - lr * sign);
    m[i] = static_cast<float>(m[i] + (1 - shape.beta_2) * (gi - m[i]));
  }
}

void ftrl_step(const Exec& exec, const FtrlShape& shape, const double* hyper, const float* g,
               float* p, float* n, float* z) {
  if (exec.thread != 0) return;
  const auto [count, power, lasso, ridge, shrinkage, beta, shrink] = shape;
  const double lr = hyper[0];
  if (lr == 0) return;
  for (int64_t i = 0; i < count; ++i) {
    const double gi = gradient_of(shrink, g[i], p[i]), pi = decayed(shrink, lr, p[i]);
    const double ni = n[i] + gi * gi, root = std::pow(ni, power);
    const double rise = (root - std::pow(double{n[i]}, power)) / lr;
    const double zi = z[i] + gi + 2 * shrinkage * pi - rise * pi;
    const double below = (root + beta) / lr + 2 * ridge;
    const double near = zi > lasso ? lasso : zi < -lasso ? -lasso : zi;
    p[i] = static_cast<float>(below == 0 ? pi : (near - zi) / below);
    n[i] = static_cast<float>(ni);
    z[i] = static_cast<float>(zi);
  }
}

void lamb_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, float* m, float* v) {
  if (exec.thread != 0) return;
  const auto [count, beta_1, beta_2, epsilon, shrink] = shape;
  const double lr = hyper[0], step = hyper[1];
  const double of_m = 1 / (1 - std::pow(beta_1, step)), of_v = 1 / (1 - std::pow(beta_2, step));
  const auto direction = [&](double mi, double vi) {
    return of_m * mi / (std::sqrt(of_v * vi) + epsilon);
  };
  double of_p = 0, of_d = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double gi = gradient_of(shrink, g[i], p[i]), pi = decayed(shrink, lr, p[i]);
    m[i] = static_cast<float>(m[i] + (1 - beta_1) * (gi - m[i]));
    v[i] = static_cast<float>(v[i] + (1 - beta_2) * (gi * gi - v[i]));
    const double di = direction(m[i], v[i]);
    of_p += pi * pi;
    of_d += di * di;
  }
  const double rate = lr * (of_p > 0 && of_d > 0 ? std::sqrt(of_p / of_d) : 1);
  for (int64_t i = 0; i < count; ++i) {
    p[i] = static_cast<float>(decayed(shrink, lr, p[i]) - rate * direction(m[i], v[i]));
  }
}

}  // namespace brasa::ref
