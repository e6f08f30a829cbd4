#include "cpu/isa/kernels.h"
#include "cpu/isa/optimizer_first.h"
#include "cpu/simd/functions.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// n^power for n >= 0: roots are faster than other powers by far, and the usual ones.
struct Root {
  BRASA_INLINE Vec operator()(Vec n) const { return sqrt(n); }
};

struct AnyPower {
  Exponent exponent;
  BRASA_INLINE Vec operator()(Vec n) const { return power(n, exponent); }
};

template <class Power>
void run_ftrl(const Exec& exec, const FtrlShape& shape, double lr, const float* g, float* p,
              float* n, float* z, Power raised) {
  const Vec inverse = Vec::all(static_cast<float>(1 / lr)), zero = Vec::zero();
  const Vec floor = Vec::all(static_cast<float>(shape.beta / lr + 2 * shape.ridge));
  const Vec lasso = Vec::all(static_cast<float>(shape.lasso));
  const Vec twice = Vec::all(static_cast<float>(2 * shape.shrinkage));
  each_share(exec, shape.count, shape.shrink, lr, [&](Range range, auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
      const Vec parameter = first.decayed(old), before = load(n, piece);
      const Vec squares = fma(gradient, gradient, before), root = raised(squares);
      const Vec rise = (root - raised(before)) * inverse;
      const Vec slope = fma(twice, parameter, gradient);
      const Vec linear = fnma(rise, parameter, load(z, piece) + slope);
      const Vec below = fma(root, inverse, floor);
      // The second operand is kept where it is NaN.
      const Vec near = min(lasso, max(-lasso, linear));
      store(squares, n, piece);
      store(linear, z, piece);
      store(select(below == zero, parameter, (near - linear) / below), p, piece);
    });
  });
}

}  // namespace

void ftrl_step(const Exec& exec, const FtrlShape& shape, const double* hyper, const float* g,
               float* p, float* n, float* z) {
  const double lr = hyper[0];
  if (lr == 0) return;
  if (shape.power == 0.5) {
    run_ftrl(exec, shape, lr, g, p, n, z, Root{});
  } else {
    run_ftrl(exec, shape, lr, g, p, n, z, AnyPower{exponent_of(shape.power)});
  }
}

}  // namespace brasa::cpu::BRASA_ISA
