#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
double activate(Activation activation, double x) {
  switch (activation.kind) {
    case ActivationKind::kNone: return x;
    case ActivationKind::kRelu: return x < 0 ? 0 : x;  // so that NaN passes
    case ActivationKind::kLeakyRelu: return x > 0 ? x : activation.alpha * x;
    case ActivationKind::kElu: return x > 0 ? x : activation.alpha * std::expm1(x);
    case ActivationKind::kSigmoid: return 1 / (1 + std::exp(-x));
    case ActivationKind::kTanh: return std::tanh(x);
  }
  return 0;
}

double activation_slope(Activation activation, double dy, double y) {
  switch (activation.kind) {
    case ActivationKind::kNone: return dy;
    case ActivationKind::kRelu: return y > 0 ? dy : 0;
    case ActivationKind::kLeakyRelu: return y > 0 ? dy : activation.alpha * dy;
    case ActivationKind::kElu: return y > 0 ? dy : dy * (y + activation.alpha);
    case ActivationKind::kSigmoid: return dy * y * (1 - y);
    case ActivationKind::kTanh: return dy * (1 - y * y);
  }
  return 0;
}

void activation_forward(const Exec& exec, int64_t count, Activation activation, const float* x,
                        float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(activate(activation, x[i]));
}

void activation_backward(const Exec& exec, int64_t count, Activation activation, const float* dy,
                         const float* y, float* dx) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i)
    dx[i] = static_cast<float>(activation_slope(activation, dy[i], y[i]));
}

}  // namespace brasa::ref
