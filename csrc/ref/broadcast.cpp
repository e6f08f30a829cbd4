#include <cmath>

#include "ref/kernels.h"
#include "ref/offset.h"

namespace brasa::ref {
namespace {

float join(BroadcastKind kind, float a, float b) {
  const float nan = std::isnan(a) ? a : b;  // where neither is larger
  switch (kind) {
    case BroadcastKind::kAdd: return a + b;
    case BroadcastKind::kSubtract: return a - b;
    case BroadcastKind::kMultiply: return a * b;
    case BroadcastKind::kDivide: return a / b;
    case BroadcastKind::kMaximum: return a > b ? a : nan;
    case BroadcastKind::kMinimum: return a < b ? a : nan;
    case BroadcastKind::kShare: return a > b ? 1 : a == b ? 0.5f : a < b ? 0 : nan;
    case BroadcastKind::kGate: return b == 0 ? 0 : a * b;
    case BroadcastKind::kEqual: return a == b ? 1 : 0;
    case BroadcastKind::kLess: return a < b ? 1 : 0;
    case BroadcastKind::kLessEqual: return a <= b ? 1 : 0;
    case BroadcastKind::kCopy: return a;
  }
  return 0;
}

}  // namespace

void broadcast(const Exec& exec, const BroadcastShape& s, const float* a, const float* b,
               float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < extent_of(s.extents, 0, s.rank); ++i) {
    const float left = a[offset_of(s.extents, s.a, 0, s.rank, i)];
    const float right =
        s.kind == BroadcastKind::kCopy ? 0.f : b[offset_of(s.extents, s.b, 0, s.rank, i)];
    y[i] = join(s.kind, left, right);
  }
}

}  // namespace brasa::ref
