// The activations (ops/activation.h), alone and at the end of a product.
#pragma once

#include "cuda/launch.h"
#include "cuda/smooth.cuh"
#include "ops/activation.h"

namespace brasa::cuda {

__device__ __forceinline__ float activate(Activation activation, float x) {
  switch (activation.kind) {
    case ActivationKind::kNone: return x;
    case ActivationKind::kRelu: return x < 0.f ? 0.f : x;  // so that NaN passes
    case ActivationKind::kLeakyRelu: return x > 0.f ? x : activation.alpha * x;
    case ActivationKind::kElu: return x > 0.f ? x : activation.alpha * expm1f(x);
    case ActivationKind::kSigmoid: return 1.f / (1.f + expf(-x));
    case ActivationKind::kTanh: return tanhf(x);
    case ActivationKind::kGelu: return gelu(x);
    case ActivationKind::kGeluTanh: return gelu_tanh(x);
    case ActivationKind::kSilu: return silu(x);
  }
  return x;
}

// dy times the slope of the activation whose result is y; y is x where the slope comes from that.
__device__ __forceinline__ float activation_slope(Activation activation, float dy, float y) {
  switch (activation.kind) {
    case ActivationKind::kNone: return dy;
    case ActivationKind::kRelu: return y > 0.f ? dy : 0.f;
    case ActivationKind::kLeakyRelu: return y > 0.f ? dy : activation.alpha * dy;
    case ActivationKind::kElu: return y > 0.f ? dy : dy * (y + activation.alpha);
    case ActivationKind::kSigmoid: return dy * (y * (1.f - y));
    case ActivationKind::kTanh: return dy * (1.f - y * y);
    case ActivationKind::kGelu: return dy * gelu_slope(y);
    case ActivationKind::kGeluTanh: return dy * gelu_tanh_slope(y);
    case ActivationKind::kSilu: return dy * silu_slope(y);
  }
  return dy;
}

__device__ __forceinline__ float activation_slope_from_x(Activation activation, float dy, float x) {
  return activation_slope(activation, dy,
                          slope_needs_x(activation.kind) ? x : activate(activation, x));
}

// Those without exp and tanh: NaN passes, and relu of -inf is 0.
__device__ __forceinline__ float straight(Activation activation, float x) {
  if (activation.kind == ActivationKind::kNone) return x;
  return x < 0.f ? activation.kind == ActivationKind::kRelu ? 0.f : activation.alpha * x : x;
}

inline bool is_curved(Activation activation) {
  return activation.kind != ActivationKind::kNone && activation.kind != ActivationKind::kRelu &&
         activation.kind != ActivationKind::kLeakyRelu;
}

}  // namespace brasa::cuda
