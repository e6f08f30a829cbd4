#include "ref/kernels.h"
#include "ref/offset.h"

namespace brasa::ref {
void broadcast(const Exec& exec, const BroadcastShape& s, const float* a, const float* b,
               float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < extent_of(s.extents, 0, s.rank); ++i) {
    const float left = a[offset_of(s.extents, s.a, 0, s.rank, i)];
    const float right =
        s.kind == BroadcastKind::kCopy ? 0.f : b[offset_of(s.extents, s.b, 0, s.rank, i)];
    switch (s.kind) {
      case BroadcastKind::kAdd: y[i] = left + right; break;
      case BroadcastKind::kMultiply: y[i] = left * right; break;
      case BroadcastKind::kCopy: y[i] = left; break;
    }
  }
}

}  // namespace brasa::ref
