#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {

void clip_value(const Exec& exec, const ClipShape& shape, const float* x, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.count; ++i) {
    y[i] = x[i] > shape.limit ? shape.limit : x[i] < -shape.limit ? -shape.limit : x[i];
  }
}

void clip_norm(const Exec& exec, const ClipShape& shape, const float* x, float* y) {
  if (exec.thread != 0) return;
  double sum = 0;
  for (int64_t i = 0; i < shape.count; ++i) sum += double{x[i]} * double{x[i]};
  const double norm = std::sqrt(sum);
  for (int64_t i = 0; i < shape.count; ++i) {
    if (!std::isfinite(norm)) {
      y[i] = x[i] == 0 ? 0.f : NAN;
    } else {
      y[i] = norm <= double{shape.limit} ? x[i] : static_cast<float>(x[i] * (shape.limit / norm));
    }
  }
}

}  // namespace brasa::ref
