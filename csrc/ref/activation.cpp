#include <algorithm>
#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// Another factor than an infinity, so that 0 times it is 0. NaN stays.
double bounded_below(double x) { return std::max(x, -1e30); }
double bounded(double x) { return std::min(bounded_below(x), 1e30); }

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double normal_cdf(double x) { return std::erfc(-x * M_SQRT1_2) / 2; }

// x * sigmoid(v): v and x * dv/dx of gelu_tanh.
double gelu_argument(double x) { return std::sqrt(8 / M_PI) * (x + 0.044715 * x * x * x); }
double gelu_rise(double x) { return std::sqrt(8 / M_PI) * (x + 3 * 0.044715 * x * x * x); }

double times_sigmoid_slope(double v, double rise) {
  const double s = sigmoid(v);
  return s * (1 + rise * (1 - s));
}

double gelu_slope(double x) {
  return normal_cdf(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
}

}  // namespace

double activate(Activation activation, double x) {
  switch (activation.kind) {
    case ActivationKind::kNone: return x;
    case ActivationKind::kRelu: return x < 0 ? 0 : x;  // so that NaN passes
    case ActivationKind::kLeakyRelu: return x > 0 ? x : activation.alpha * x;
    case ActivationKind::kElu: return x > 0 ? x : activation.alpha * std::expm1(x);
    case ActivationKind::kSigmoid: return sigmoid(x);
    case ActivationKind::kTanh: return std::tanh(x);
    case ActivationKind::kGelu: return bounded_below(x) * normal_cdf(x);
    case ActivationKind::kGeluTanh: return bounded_below(x) * sigmoid(gelu_argument(x));
    case ActivationKind::kSilu: return bounded_below(x) * sigmoid(x);
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
    case ActivationKind::kGelu: return dy * gelu_slope(bounded(y));
    case ActivationKind::kGeluTanh:
      return dy * times_sigmoid_slope(gelu_argument(y), gelu_rise(bounded(y)));
    case ActivationKind::kSilu: return dy * times_sigmoid_slope(y, bounded(y));
  }
  return 0;
}

double activation_slope_from_x(Activation activation, double dy, double x) {
  return activation_slope(activation, dy,
                          slope_needs_x(activation.kind) ? x : activate(activation, x));
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
