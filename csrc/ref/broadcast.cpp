#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// Where element i of the axes [first, end) lies, counted with the last axis fastest.
int64_t offset_of(const int64_t* extents, const int64_t* strides, int first, int end, int64_t i) {
  int64_t offset = 0;
  for (int axis = end - 1; axis >= first; --axis) {
    offset += i % extents[axis] * strides[axis];
    i /= extents[axis];
  }
  return offset;
}

float join(BroadcastKind kind, float a, float b) {
  const float nan = std::isnan(a) ? a : b;  // where neither is larger
  switch (kind) {
    case BroadcastKind::kAdd: return a + b;
    case BroadcastKind::kMultiply: return a * b;
    case BroadcastKind::kDivide: return a / b;
    case BroadcastKind::kMaximum: return a > b ? a : nan;
    case BroadcastKind::kMinimum: return a < b ? a : nan;
    case BroadcastKind::kShare: return a > b ? 1 : a == b ? 0.5f : a < b ? 0 : nan;
    case BroadcastKind::kGate: return b == 0 ? 0 : a * b;
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

void broadcast_backward(const Exec& exec, const BroadcastBackwardShape& s, const float* dy,
                        const float* factor, float* dx) {
  if (exec.thread != 0) return;
  for (int64_t k = 0; k < extent_of(s.extents, 0, s.kept); ++k) {
    const int64_t dy_at = offset_of(s.extents, s.dy, 0, s.kept, k);
    const int64_t factor_at = offset_of(s.extents, s.factor, 0, s.kept, k);
    double sum = s.write == Write::kAdd ? double{dx[k]} : 0.0;
    for (int64_t r = 0; r < extent_of(s.extents, s.kept, s.axes); ++r) {
      const double slope = dy[dy_at + offset_of(s.extents, s.dy, s.kept, s.axes, r)];
      const int64_t at = factor_at + offset_of(s.extents, s.factor, s.kept, s.axes, r);
      sum += factor == nullptr ? slope : slope * factor[at];
    }
    dx[k] = static_cast<float>(sum);
  }
}

int64_t broadcast_backward_workspace(const BroadcastBackwardShape&) { return 0; }

}  // namespace brasa::ref
