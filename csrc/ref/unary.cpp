#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

double function(const Unary& f, double x) {
  switch (f.kind) {
    case UnaryKind::kAbs: return std::abs(x);
    case UnaryKind::kClip:
      return x < f.low ? f.low : x > f.high ? f.high : x;  // so that NaN passes
    case UnaryKind::kExp: return std::exp(x);
    case UnaryKind::kLog: return std::log(x);
    case UnaryKind::kPower: return std::pow(x, f.exponent);
    case UnaryKind::kReciprocal: return 1 / x;
    case UnaryKind::kSqrt: return std::sqrt(x);
    case UnaryKind::kSquare: return x * x;
  }
  return 0;
}

double gradient(const Unary& f, double dy, double known) {
  switch (f.kind) {
    case UnaryKind::kAbs: return known == 0 ? 0 : known < 0 ? -dy : known > 0 ? dy : known;
    case UnaryKind::kClip: return known < f.low || known > f.high ? 0 : dy;
    case UnaryKind::kExp: return dy * known;
    case UnaryKind::kLog: return dy / known;
    case UnaryKind::kPower:
      return f.exponent == 0 ? 0 : dy * f.exponent * std::pow(known, f.exponent - 1);
    case UnaryKind::kReciprocal: return -dy * known * known;
    case UnaryKind::kSqrt: return dy / (2 * known);
    case UnaryKind::kSquare: return dy * 2 * known;
  }
  return 0;
}

}  // namespace

void unary_forward(const Exec& exec, int64_t count, const Unary& f, const float* x, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(function(f, double{x[i]}));
}

void unary_backward(const Exec& exec, int64_t count, const Unary& f, const float* dy,
                    const float* known, float* dx) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) {
    dx[i] = static_cast<float>(gradient(f, double{dy[i]}, double{known[i]}));
  }
}

}  // namespace brasa::ref
