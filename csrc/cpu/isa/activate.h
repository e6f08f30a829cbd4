// The activation functions on one vector: for the activation kernels, and for the epilogues of matmul
// and conv2d.
#pragma once

#include "cpu/simd/smooth.h"
#include "ops/activation.h"

namespace brasa::cpu::BRASA_ISA {

template <ActivationKind kind>
BRASA_INLINE Vec activate(Vec x, Vec alpha) {
  switch (kind) {
    case ActivationKind::kNone: return x;
    case ActivationKind::kRelu: return max(Vec::zero(), x);  // x where it is NaN
    case ActivationKind::kLeakyRelu: return select(x > Vec::zero(), x, alpha * x);
    case ActivationKind::kElu: return select(x > Vec::zero(), x, alpha * expm1_nonpositive(x));
    case ActivationKind::kSigmoid: return sigmoid(x);
    case ActivationKind::kTanh: return tanh(x);
    case ActivationKind::kGelu: return gelu(x);
    case ActivationKind::kGeluTanh: return gelu_tanh(x);
    case ActivationKind::kSilu: return silu(x);
  }
  return x;
}

// What the gradient dy of y = activate(x) becomes for x. y is x where the slope comes from that.
template <ActivationKind kind>
BRASA_INLINE Vec activate_backward(Vec dy, Vec y, Vec alpha) {
  switch (kind) {
    case ActivationKind::kNone: return dy;
    case ActivationKind::kRelu: return select(y > Vec::zero(), dy, Vec::zero());
    case ActivationKind::kLeakyRelu: return select(y > Vec::zero(), dy, alpha * dy);
    case ActivationKind::kElu: return select(y > Vec::zero(), dy, dy * (y + alpha));
    case ActivationKind::kSigmoid: return dy * (y * (Vec::all(1.f) - y));
    case ActivationKind::kTanh: return dy * fnma(y, y, Vec::all(1.f));
    case ActivationKind::kGelu: return dy * gelu_slope(y);
    case ActivationKind::kGeluTanh: return dy * gelu_tanh_slope(y);
    case ActivationKind::kSilu: return dy * silu_slope(y);
  }
  return dy;
}

// The same from x alone.
template <ActivationKind kind>
BRASA_INLINE Vec activate_backward_from_x(Vec dy, Vec x, Vec alpha) {
  return activate_backward<kind>(dy, slope_needs_x(kind) ? x : activate<kind>(x, alpha), alpha);
}

template <ActivationKind value>
struct ActivationTag {
  static constexpr ActivationKind kind = value;
};

// f(ActivationTag) with the kind as a constant: one loop for each kind instead of a switch in the loop.
template <class F>
BRASA_INLINE void with_activation(ActivationKind kind, F f) {
  switch (kind) {
    case ActivationKind::kNone: return f(ActivationTag<ActivationKind::kNone>{});
    case ActivationKind::kRelu: return f(ActivationTag<ActivationKind::kRelu>{});
    case ActivationKind::kLeakyRelu: return f(ActivationTag<ActivationKind::kLeakyRelu>{});
    case ActivationKind::kElu: return f(ActivationTag<ActivationKind::kElu>{});
    case ActivationKind::kSigmoid: return f(ActivationTag<ActivationKind::kSigmoid>{});
    case ActivationKind::kTanh: return f(ActivationTag<ActivationKind::kTanh>{});
    case ActivationKind::kGelu: return f(ActivationTag<ActivationKind::kGelu>{});
    case ActivationKind::kGeluTanh: return f(ActivationTag<ActivationKind::kGeluTanh>{});
    case ActivationKind::kSilu: return f(ActivationTag<ActivationKind::kSilu>{});
  }
}

// The kind chosen at run time: for epilogues, whose tiles are large against one switch.
BRASA_INLINE Vec activate(Activation activation, Vec x) {
  switch (activation.kind) {
    case ActivationKind::kNone: return x;
    case ActivationKind::kRelu: return activate<ActivationKind::kRelu>(x, Vec::zero());
    case ActivationKind::kLeakyRelu:
      return activate<ActivationKind::kLeakyRelu>(x, Vec::all(activation.alpha));
    case ActivationKind::kElu: return activate<ActivationKind::kElu>(x, Vec::all(activation.alpha));
    case ActivationKind::kSigmoid: return activate<ActivationKind::kSigmoid>(x, Vec::zero());
    case ActivationKind::kTanh: return activate<ActivationKind::kTanh>(x, Vec::zero());
    case ActivationKind::kGelu: return activate<ActivationKind::kGelu>(x, Vec::zero());
    case ActivationKind::kGeluTanh: return activate<ActivationKind::kGeluTanh>(x, Vec::zero());
    case ActivationKind::kSilu: return activate<ActivationKind::kSilu>(x, Vec::zero());
  }
  return x;
}

}  // namespace brasa::cpu::BRASA_ISA
