#include "cpu/isa/kernels.h"
#include "cpu/isa/random_lanes.h"
#include "cpu/simd/functions.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

struct Point {
  Vec x, y;
};

// (cos, sin) of 2 pi u for u in [0, 1), to 1.5e-7: the next quarter turn, and polynomials in the rest, up to
// an eighth of a turn to either side (fitted at Chebyshev's nodes: 2.1e-8 and 1e-8).
BRASA_INLINE Point on_circle(Vec u) {
  const Vec magic = Vec::all(kWholeMagic), four = Vec::all(4.f);
  const Vec sum = fma(u, four, magic);
  const Vec f = fma(u, four, magic - sum), g = f * f;  // exact: u has 24 bits
  Vec sine = fma(Vec::all(-0x1.2d9ba2p-8f), g, Vec::all(0x1.465f3ap-4f));
  sine = fma(sine, g, Vec::all(-0x1.4abbbep-1f));
  sine = fma(sine, g, Vec::all(0x1.921fb6p0f)) * f;
  Vec cosine = fma(Vec::all(0x1.db753ap-11f), g, Vec::all(-0x1.55cc1cp-6f));
  cosine = fma(cosine, g, Vec::all(0x1.03c1ecp-2f));
  cosine = fma(cosine, g, Vec::all(-0x1.3bd3ccp0f));
  cosine = fma(cosine, g, Vec::all(1.f));
  // Quarters 1 and 3 swap the two; cos is negative in 1 and 2, sin in 2 and 3.
  const VecInt quarter = as_int(sum), one = VecInt::all(1), two = VecInt::all(2);
  const Mask swaps = (quarter & one) == one;
  const VecInt x = as_int(select(swaps, sine, cosine)), y = as_int(select(swaps, cosine, sine));
  return {as_float(x ^ (((quarter + one) & two) << 30)), as_float(y ^ ((quarter & two) << 30))};
}

// Two normally distributed numbers.
BRASA_INLINE Point normal(VecInt first, VecInt second) {
  const Vec r = sqrt(Vec::all(-2.f) * log(Vec::all(1.f) - uniform01(first)));
  const Point p = on_circle(uniform01(second));
  return {r * p.x, r * p.y};
}

}  // namespace

void gaussian_noise(const Exec& exec, const GaussianNoiseShape& shape, const int64_t* state,
                    const float* x, float* y) {
  const RandomLanes random(state, shape.node);
  const Vec stddev = Vec::all(shape.stddev);
  each_draw(exec, shape.count, random,
            [&](const VecInt(&words)[4], int64_t at) BRASA_INLINE_LAMBDA {
              const Point a = normal(words[0], words[1]), b = normal(words[2], words[3]);
              Vec z[4] = {a.x, a.y, b.x, b.y};
              interleave(z);
              map_draw(z, at, shape.count, x, y,
                       [&](Vec v, Vec drawn) BRASA_INLINE_LAMBDA { return fma(stddev, drawn, v); });
            });
}

}  // namespace brasa::cpu::BRASA_ISA
