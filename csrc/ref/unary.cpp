#include <algorithm>
#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// Of e^x and e^-x the one that is no infinity: tanh(softplus(x)) is num / den, both of its square.
struct Mish {
  double w, num, den;
};

Mish mish_of(double x) {
  const double w = std::exp(-std::abs(x));
  if (x > 0) return {w, 1 + 2 * w, 1 + 2 * w + 2 * w * w};
  return {w, w * (w + 2), w * (w + 2) + 2};
}

double mish_slope(double x) {
  const auto [w, num, den] = mish_of(x);
  const double bounded = x < -1e30 ? -1e30 : x > 1e30 ? 1e30 : x;  // no 0 * inf; NaN stays
  return num / den + bounded * 4 * w * (1 + w) * (x > 0 ? w : 1) / (den * den);
}

constexpr double kErfSlope = 1.1283791670955126;  // 2 / sqrt(pi)

double hard_sigmoid(double x) { return x < -3 ? 0 : x > 3 ? 1 : (x + 3) / 6; }

double function(const Unary& f, double x) {
  switch (f.kind) {
    case UnaryKind::kAbs: return std::abs(x);
    case UnaryKind::kCeil: return std::ceil(x);
    case UnaryKind::kClip:
      return x < f.low ? f.low : x > f.high ? f.high : x;  // so that NaN passes
    case UnaryKind::kCos: return std::cos(x);
    case UnaryKind::kErf: return std::erf(x);
    case UnaryKind::kExp: return std::exp(x);
    case UnaryKind::kExpm1: return std::expm1(x);
    case UnaryKind::kFloor: return std::floor(x);
    case UnaryKind::kHardSigmoid: return hard_sigmoid(x);
    case UnaryKind::kHardSilu: return x < -3 ? 0 : x * hard_sigmoid(x);
    case UnaryKind::kLog: return std::log(x);
    case UnaryKind::kLog1p: return std::log1p(x);
    case UnaryKind::kMish: {
      const auto [w, num, den] = mish_of(x);
      return (x < -1e30 ? -1e30 : x) * num / den;
    }
    case UnaryKind::kPower: return std::pow(x, f.exponent);
    case UnaryKind::kReciprocal: return 1 / x;
    case UnaryKind::kRelu6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case UnaryKind::kRound: return std::nearbyint(x);
    case UnaryKind::kRsqrt: return 1 / std::sqrt(x);
    case UnaryKind::kSign: return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x;
    case UnaryKind::kSin: return std::sin(x);
    case UnaryKind::kSoftplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    case UnaryKind::kSoftsign: return std::isinf(x) ? std::copysign(1, x) : x / (1 + std::abs(x));
    case UnaryKind::kSqrt: return std::sqrt(x);
    case UnaryKind::kSquare: return x * x;
  }
  return 0;
}

double gradient(const Unary& f, double dy, double known) {
  switch (f.kind) {
    case UnaryKind::kAbs: return known == 0 ? 0 : known < 0 ? -dy : known > 0 ? dy : known;
    case UnaryKind::kClip: return known < f.low || known > f.high ? 0 : dy;
    case UnaryKind::kCos: return -dy * std::sin(known);
    case UnaryKind::kErf: return dy * (kErfSlope * std::exp(-known * known));
    case UnaryKind::kExp: return dy * known;
    case UnaryKind::kExpm1: return dy * std::exp(known);
    case UnaryKind::kHardSigmoid: return known <= 0 || known >= 1 ? 0 : dy / 6;
    case UnaryKind::kHardSilu: return known <= -3 ? 0 : known >= 3 ? dy : dy * (2 * known + 3) / 6;
    case UnaryKind::kLog: return dy / known;
    case UnaryKind::kLog1p: return dy / (1 + known);
    case UnaryKind::kMish: return dy * mish_slope(known);
    case UnaryKind::kPower:
      return f.exponent == 0 ? 0 : dy * f.exponent * std::pow(known, f.exponent - 1);
    case UnaryKind::kReciprocal: return -dy * known * known;
    case UnaryKind::kCeil:
    case UnaryKind::kFloor:
    case UnaryKind::kRound:
    case UnaryKind::kSign: return 0;
    case UnaryKind::kRelu6: return known <= 0 || known >= 6 ? 0 : dy;
    case UnaryKind::kRsqrt: return -dy / 2 * known * known * known;
    case UnaryKind::kSin: return dy * std::cos(known);
    case UnaryKind::kSoftplus: return -dy * std::expm1(-std::max(known, 0.0));
    case UnaryKind::kSoftsign: return dy / ((1 + std::abs(known)) * (1 + std::abs(known)));
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
