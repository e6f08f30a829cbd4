#include "ref/kernels.h"

namespace brasa::ref {

void transpose(const Exec& exec, const TransposeShape& s, const float* x, float* y) {
  if (exec.thread != 0) return;
  int64_t count = 1;
  for (int axis = 0; axis < s.rank; ++axis) count *= s.extents[axis];
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, at = 0;
    for (int axis = s.rank - 1; axis >= 0; --axis) {
      at += rest % s.extents[axis] * s.strides[axis];
      rest /= s.extents[axis];
    }
    y[i] = x[at];
  }
}

}  // namespace brasa::ref
