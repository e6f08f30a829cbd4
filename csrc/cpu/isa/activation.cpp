#include "cpu/isa/activate.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

void activation_forward(const Exec& exec, int64_t count, Activation activation, const float* x,
                        float* y) {
  const bool far = worth_streaming(count, y, x);
  const Vec slope = Vec::all(activation.alpha);
  with_activation(activation.kind, [&](auto tag) {
    for (const Range mine : flat_portions(exec, count)) {
      map(mine, y, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
        return activate<decltype(tag)::kind>(load(x, piece), slope);
      });
    }
  });
}

void activation_backward(const Exec& exec, int64_t count, Activation activation, const float* dy,
                         const float* y, float* dx) {
  const bool far = worth_streaming(count, dx, dy, y);
  const Vec slope = Vec::all(activation.alpha);
  with_activation(activation.kind, [&](auto tag) {
    for (const Range mine : flat_portions(exec, count)) {
      map(mine, dx, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
        return activate_backward<decltype(tag)::kind>(load(dy, piece), load(y, piece), slope);
      });
    }
  });
}

}  // namespace brasa::cpu::BRASA_ISA
