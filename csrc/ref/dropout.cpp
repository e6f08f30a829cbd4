#include "core/random.h"
#include "ref/kernels.h"

namespace brasa::ref {

void dropout(const Exec& exec, const DropoutShape& shape, const int64_t* state, const float* x,
             float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.count; ++i) {
    const Philox random = draw_of(state, shape.node, i);
    const bool kept = uniform01(random.word[i % 4]) >= shape.rate;
    y[i] = kept ? static_cast<float>(x[i] / (1 - double{shape.rate})) : 0.f;
  }
}

}  // namespace brasa::ref
