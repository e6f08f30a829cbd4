#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {

void cast_float(const Exec& exec, int64_t count, const int32_t* x, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(x[i]);
}

void cast_int(const Exec& exec, int64_t count, const float* x, int32_t* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) {
    const double whole = std::isnan(x[i]) ? 0.0 : std::trunc(double{x[i]});
    y[i] = whole < INT32_MIN   ? INT32_MIN
           : whole > INT32_MAX ? INT32_MAX
                               : static_cast<int32_t>(whole);
  }
}

}  // namespace brasa::ref
