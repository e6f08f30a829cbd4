#include <cmath>

#include "core/random.h"
#include "ref/kernels.h"

namespace brasa::ref {

void gaussian_noise(const Exec& exec, const GaussianNoiseShape& shape, const int64_t* state,
                    const float* x, float* y) {
  if (exec.thread != 0) return;
  const double turn = 2 * std::acos(-1.0);
  for (int64_t i = 0; i < shape.count; ++i) {
    const Philox random = draw_of(state, shape.node, i);
    const int64_t pair = i % 4 / 2 * 2;
    const double r = std::sqrt(-2 * std::log(1 - double{uniform01(random.word[pair])}));
    const double a = turn * double{uniform01(random.word[pair + 1])};
    const double z = i % 2 == 0 ? r * std::cos(a) : r * std::sin(a);
    y[i] = static_cast<float>(x[i] + double{shape.stddev} * z);
  }
}

}  // namespace brasa::ref
