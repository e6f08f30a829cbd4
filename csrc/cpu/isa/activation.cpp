#include "cpu/isa/activate.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

template <ActivationKind kind>
void forward(Range range, bool streaming, float alpha, const float* x, float* y) {
  const Vec slope = Vec::all(alpha);
  map(range, y, streaming,
      [&](Piece piece) BRASA_INLINE_LAMBDA { return activate<kind>(load(x, piece), slope); });
}

template <ActivationKind kind>
void backward(Range range, bool streaming, float alpha, const float* dy, const float* y,
              float* dx) {
  const Vec slope = Vec::all(alpha);
  map(range, dx, streaming, [&](Piece piece) BRASA_INLINE_LAMBDA {
    return activate_backward<kind>(load(dy, piece), load(y, piece), slope);
  });
}

}  // namespace

void activation_forward(const Exec& exec, int64_t count, Activation activation, const float* x,
                        float* y) {
  const Range range = exec.share(count, kFlatGrain);
  const bool far = worth_streaming(count, y, x);
  const float alpha = activation.alpha;
  switch (activation.kind) {
    case ActivationKind::kNone: return forward<ActivationKind::kNone>(range, far, alpha, x, y);
    case ActivationKind::kRelu: return forward<ActivationKind::kRelu>(range, far, alpha, x, y);
    case ActivationKind::kLeakyRelu:
      return forward<ActivationKind::kLeakyRelu>(range, far, alpha, x, y);
    case ActivationKind::kSigmoid:
      return forward<ActivationKind::kSigmoid>(range, far, alpha, x, y);
    case ActivationKind::kTanh: return forward<ActivationKind::kTanh>(range, far, alpha, x, y);
  }
}

void activation_backward(const Exec& exec, int64_t count, Activation activation, const float* dy,
                         const float* y, float* dx) {
  const Range range = exec.share(count, kFlatGrain);
  const bool far = worth_streaming(count, dx, dy, y);
  const float alpha = activation.alpha;
  switch (activation.kind) {
    case ActivationKind::kNone:
      return backward<ActivationKind::kNone>(range, far, alpha, dy, y, dx);
    case ActivationKind::kRelu:
      return backward<ActivationKind::kRelu>(range, far, alpha, dy, y, dx);
    case ActivationKind::kLeakyRelu:
      return backward<ActivationKind::kLeakyRelu>(range, far, alpha, dy, y, dx);
    case ActivationKind::kSigmoid:
      return backward<ActivationKind::kSigmoid>(range, far, alpha, dy, y, dx);
    case ActivationKind::kTanh:
      return backward<ActivationKind::kTanh>(range, far, alpha, dy, y, dx);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
