#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

// One pass: every slot is read and written once. Steps of three kinds for sgd, each a different traffic.
void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v) {
  const Range range = exec.share(shape.count, kFlatGrain);
  const Vec rate = Vec::all(static_cast<float>(hyper[0])), momentum = Vec::all(shape.momentum);
  if (v == nullptr) {
    // Without velocity momentum only matters with nesterov, where the step is (1 + momentum) * lr * g.
    each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec step = -(rate * load(g, piece));
      const Vec move = shape.nesterov ? fma(momentum, step, step) : step;
      store(load(p, piece) + move, p, piece);
    });
    return;
  }
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec step = rate * load(g, piece);
    const Vec velocity = fma(momentum, load(v, piece), -step);
    const Vec move = shape.nesterov ? fma(momentum, velocity, -step) : velocity;
    store(velocity, v, piece);
    store(load(p, piece) + move, p, piece);
  });
}

void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, float* m, float* v) {
  const Range range = exec.share(shape.count, kFlatGrain);
  const double correction_1 = 1 - pow(shape.beta_1, hyper[1]);
  const double correction_2 = 1 - pow(shape.beta_2, hyper[1]);
  const Vec rate = Vec::all(static_cast<float>(hyper[0] * ::sqrt(correction_2) / correction_1));
  const Vec new_1 = Vec::all(static_cast<float>(1 - shape.beta_1));
  const Vec new_2 = Vec::all(static_cast<float>(1 - shape.beta_2));
  const Vec epsilon = Vec::all(static_cast<float>(shape.epsilon));
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec gradient = load(g, piece), m_old = load(m, piece), v_old = load(v, piece);
    const Vec mean = fma(new_1, gradient - m_old, m_old);
    const Vec square = fma(new_2, fma(gradient, gradient, -v_old), v_old);
    store(mean, m, piece);
    store(square, v, piece);
    store(load(p, piece) - rate * mean / (sqrt(square) + epsilon), p, piece);
  });
}

}  // namespace brasa::cpu::BRASA_ISA
