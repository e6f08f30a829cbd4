#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {

void penalty(const Exec& exec, const PenaltyShape& shape, const float* x, float* value) {
  if (exec.thread != 0) return;
  double sizes = 0, squares = 0;
  for (int64_t i = 0; i < shape.count; ++i) {
    sizes += std::abs(double{x[i]});
    squares += double{x[i]} * double{x[i]};
  }
  double sum = 0;
  if (shape.l1 != 0) sum += shape.l1 * sizes;
  if (shape.l2 != 0) sum += shape.l2 * squares;
  *value = static_cast<float>(sum);
}

void penalty_backward(const Exec& exec, const PenaltyShape& shape, Write write, const float* x,
                      float* dx) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.count; ++i) {
    const double sign = x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0;
    const double slope = shape.l1 * sign + 2 * shape.l2 * x[i];
    dx[i] = static_cast<float>(write == Write::kAdd ? dx[i] + slope : slope);
  }
}

}  // namespace brasa::ref
