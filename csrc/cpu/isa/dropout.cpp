#include "cpu/isa/kernels.h"
#include "cpu/isa/random_lanes.h"

namespace brasa::cpu::BRASA_ISA {

void dropout(const Exec& exec, const DropoutShape& shape, const int64_t* state, const float* x,
             float* y) {
  const RandomLanes random(state, shape.node);
  const Vec rate = Vec::all(shape.rate);
  const Vec factor = Vec::all(static_cast<float>(1 / (1 - double{shape.rate})));
  each_draw(exec, shape.count, random,
            [&](const VecInt(&words)[4], int64_t at) BRASA_INLINE_LAMBDA {
              Vec u[4];
              BRASA_UNROLL_ALL
              for (int k = 0; k < 4; ++k) u[k] = uniform01(words[k]);
              interleave(u);
              map_draw(u, at, shape.count, x, y, [&](Vec v, Vec drawn) BRASA_INLINE_LAMBDA {
                return select(drawn >= rate, v * factor, Vec::zero());
              });
            });
}

}  // namespace brasa::cpu::BRASA_ISA
