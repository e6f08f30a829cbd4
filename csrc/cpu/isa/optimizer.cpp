#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/optimizer_first.h"

namespace brasa::cpu::BRASA_ISA {
// One pass: every slot is read and written once. Steps of three kinds for sgd, each a different traffic.
void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v) {
  const Vec rate = Vec::all(static_cast<float>(hyper[0])), momentum = Vec::all(shape.momentum);
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    if (v == nullptr) {
      // Without velocity momentum only matters with nesterov, where the step is (1 + momentum) * lr * g.
      each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
        const Vec old = load(p, piece), step = -(rate * first.gradient(load(g, piece), old));
        const Vec move = shape.nesterov ? fma(momentum, step, step) : step;
        store(first.decayed(old) + move, p, piece);
      });
      return;
    }
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), step = rate * first.gradient(load(g, piece), old);
      const Vec velocity = fma(momentum, load(v, piece), -step);
      const Vec move = shape.nesterov ? fma(momentum, velocity, -step) : velocity;
      store(velocity, v, piece);
      store(first.decayed(old) + move, p, piece);
    });
  });
}

void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, const AdamSlots& slots) {
  const double correction_1 = 1 - pow(shape.beta_1, hyper[1]);
  const double correction_2 = 1 - pow(shape.beta_2, hyper[1]);
  const Vec rate = Vec::all(static_cast<float>(hyper[0] * ::sqrt(correction_2) / correction_1));
  const Vec new_1 = Vec::all(static_cast<float>(1 - shape.beta_1));
  const Vec new_2 = Vec::all(static_cast<float>(1 - shape.beta_2));
  const Vec epsilon = Vec::all(static_cast<float>(shape.epsilon));
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec m_old = load(slots.m, piece), v_old = load(slots.v, piece);
      const Vec mean = fma(new_1, gradient - m_old, m_old);
      Vec square = fma(new_2, fma(gradient, gradient, -v_old), v_old);
      store(mean, slots.m, piece);
      store(square, slots.v, piece);
      if (slots.v_hat != nullptr) {
        square = max(load(slots.v_hat, piece), square);  // the second is kept where either is NaN
        store(square, slots.v_hat, piece);
      }
      store(first.decayed(old) - rate * mean / (sqrt(square) + epsilon), p, piece);
    });
  });
}

void rmsprop_step(const Exec& exec, const RmspropShape& shape, const double* hyper, const float* g,
                  float* p, const RmspropSlots& slots) {
  const Vec rate = Vec::all(static_cast<float>(hyper[0]));
  const Vec fresh = Vec::all(static_cast<float>(1 - shape.rho));
  const Vec momentum = Vec::all(static_cast<float>(shape.momentum));
  const Vec epsilon = Vec::all(static_cast<float>(shape.epsilon)), zero = Vec::zero();
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec v_old = load(slots.v, piece);
      const Vec square = fma(fresh, fma(gradient, gradient, -v_old), v_old);
      store(square, slots.v, piece);
      Vec spread = square;
      if (slots.a != nullptr) {
        const Vec a_old = load(slots.a, piece), mean = fma(fresh, gradient - a_old, a_old);
        store(mean, slots.a, piece);
        spread = max(zero, fnma(mean, mean, square));  // the second is kept where it is NaN
      }
      Vec move = rate * gradient / sqrt(spread + epsilon);
      if (slots.m != nullptr) {
        move = fma(momentum, load(slots.m, piece), move);
        store(move, slots.m, piece);
      }
      store(first.decayed(old) - move, p, piece);
    });
  });
}

void adagrad_step(const Exec& exec, const AdagradShape& shape, const double* hyper, const float* g,
                  float* p, float* v) {
  const Vec rate = Vec::all(static_cast<float>(hyper[0]));
  const Vec epsilon = Vec::all(static_cast<float>(shape.epsilon));
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec squares = fma(gradient, gradient, load(v, piece));
      store(squares, v, piece);
      store(first.decayed(old) - rate * gradient / sqrt(squares + epsilon), p, piece);
    });
  });
}

void adadelta_step(const Exec& exec, const AdadeltaShape& shape, const double* hyper,
                   const float* g, float* p, float* v, float* u) {
  const Vec rate = Vec::all(static_cast<float>(hyper[0]));
  const Vec fresh = Vec::all(static_cast<float>(1 - shape.rho));
  const Vec epsilon = Vec::all(static_cast<float>(shape.epsilon));
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec v_old = load(v, piece), u_old = load(u, piece);
      const Vec square = fma(fresh, fma(gradient, gradient, -v_old), v_old);
      const Vec move = gradient * sqrt((u_old + epsilon) / (square + epsilon));
      store(square, v, piece);
      store(fma(fresh, fma(move, move, -u_old), u_old), u, piece);
      store(first.decayed(old) - rate * move, p, piece);
    });
  });
}

void adamax_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                 float* p, const AdamSlots& slots) {
  const Vec rate = Vec::all(static_cast<float>(hyper[0] / (1 - pow(shape.beta_1, hyper[1]))));
  const Vec fresh = Vec::all(static_cast<float>(1 - shape.beta_1));
  const Vec kept = Vec::all(static_cast<float>(shape.beta_2));
  const Vec epsilon = Vec::all(static_cast<float>(shape.epsilon));
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec m_old = load(slots.m, piece), mean = fma(fresh, gradient - m_old, m_old);
      // The second is kept where either is NaN.
      const Vec size = max(kept * load(slots.v, piece), abs(gradient));
      store(mean, slots.m, piece);
      store(size, slots.v, piece);
      store(first.decayed(old) - rate * mean / (size + epsilon), p, piece);
    });
  });
}

void nadam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                float* p, const AdamSlots& slots) {
  const double step = hyper[1];
  const NadamProduct known = nadam_product(shape.beta_1, step);
  const NadamRates rates =
      nadam_rates(shape.beta_1, known.product * pow(shape.beta_1, known.left), pow(0.96, step));
  const Vec of_m = Vec::all(static_cast<float>(hyper[0] * rates.of_m));
  const Vec of_g = Vec::all(static_cast<float>(hyper[0] * rates.of_g));
  const Vec correction = Vec::all(static_cast<float>(1 / ::sqrt(1 - pow(shape.beta_2, step))));
  const Vec new_1 = Vec::all(static_cast<float>(1 - shape.beta_1));
  const Vec new_2 = Vec::all(static_cast<float>(1 - shape.beta_2));
  const Vec epsilon = Vec::all(static_cast<float>(shape.epsilon));
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec m_old = load(slots.m, piece), v_old = load(slots.v, piece);
      const Vec mean = fma(new_1, gradient - m_old, m_old);
      const Vec square = fma(new_2, fma(gradient, gradient, -v_old), v_old);
      const Vec ahead = fma(of_g, gradient, of_m * mean);
      store(mean, slots.m, piece);
      store(square, slots.v, piece);
      store(first.decayed(old) - ahead / fma(sqrt(square), correction, epsilon), p, piece);
    });
  });
}

void lion_step(const Exec& exec, const LionShape& shape, const double* hyper, const float* g,
               float* p, float* m) {
  const Vec rate = Vec::all(static_cast<float>(hyper[0])), zero = Vec::zero();
  const Vec new_1 = Vec::all(static_cast<float>(1 - shape.beta_1));
  const Vec new_2 = Vec::all(static_cast<float>(1 - shape.beta_2));
  each_share(exec, shape.count, shape.shrink, hyper[0], [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec m_old = load(m, piece), mixed = fma(new_1, gradient - m_old, m_old);
      // Where neither is true it is 0, or NaN.
      const Vec move = select(mixed > zero, rate, select(zero > mixed, -rate, mixed));
      store(fma(new_2, gradient - m_old, m_old), m, piece);
      store(first.decayed(old) - move, p, piece);
    });
  });
}

}  // namespace brasa::cpu::BRASA_ISA
