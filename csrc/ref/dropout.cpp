#include "core/random.h"
#include "ref/kernels.h"

namespace brasa::ref {

void dropout(const Exec& exec, const DropoutShape& shape, const int64_t* state, const float* x,
             float* y) {
  if (exec.thread != 0) return;
  const uint64_t seed = static_cast<uint64_t>(state[0]);
  const uint64_t stream = (static_cast<uint64_t>(state[1]) << 32) + shape.node;
  for (int64_t i = 0; i < shape.count; ++i) {
    const Philox random = philox(seed, static_cast<uint64_t>(i / 4), stream);
    const bool kept = uniform01(random.word[i % 4]) >= shape.rate;
    y[i] = kept ? static_cast<float>(x[i] / (1 - double{shape.rate})) : 0.f;
  }
}

}  // namespace brasa::ref
