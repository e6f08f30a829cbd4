#include "cpu/isa/activate.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

void activation_forward(const Exec& exec, int64_t count, Activation activation, const float* x,
                        float* y) {
  const Range range = exec.share(count, kFlatGrain);
  const bool far = worth_streaming(count, y, x);
  const Vec slope = Vec::all(activation.alpha);
  with_activation(activation.kind, [&](auto tag) {
    map(range, y, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
      return activate<decltype(tag)::kind>(load(x, piece), slope);
    });
  });
}

void activation_backward(const Exec& exec, int64_t count, Activation activation, const float* dy,
                         const float* y, float* dx) {
  const Range range = exec.share(count, kFlatGrain);
  const bool far = worth_streaming(count, dx, dy, y);
  const Vec slope = Vec::all(activation.alpha);
  with_activation(activation.kind, [&](auto tag) {
    map(range, dx, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
      return activate_backward<decltype(tag)::kind>(load(dy, piece), load(y, piece), slope);
    });
  });
}

}  // namespace brasa::cpu::BRASA_ISA
