#include "cuda/flat.cuh"
#include "cuda/kernels.h"
#include "cuda/offsets.cuh"

namespace brasa::cuda {
namespace {

__device__ __forceinline__ float join(BroadcastKind kind, float a, float b) {
  const float nan = a != a ? a : b;  // where neither is larger
  switch (kind) {
    case BroadcastKind::kAdd: return a + b;
    case BroadcastKind::kSubtract: return a - b;
    case BroadcastKind::kMultiply: return a * b;
    case BroadcastKind::kDivide: return a / b;
    case BroadcastKind::kMaximum: return a > b ? a : nan;
    case BroadcastKind::kMinimum: return a < b ? a : nan;
    case BroadcastKind::kShare: return a > b ? 1.f : a == b ? 0.5f : a < b ? 0.f : nan;
    case BroadcastKind::kGate: return b == 0.f ? 0.f : a * b;
    case BroadcastKind::kEqual: return a == b ? 1.f : 0.f;
    case BroadcastKind::kLess: return a < b ? 1.f : 0.f;
    case BroadcastKind::kLessEqual: return a <= b ? 1.f : 0.f;
    case BroadcastKind::kCopy: return a;
  }
  return a;
}

// Pieces of V elements lie within a row, as its length is a multiple of V.
struct Joined {
  BroadcastShape s;
  const float *a, *b;
  Out<float> y;

  template <int V>
  __device__ void along(const float* from, int64_t stride, float (&v)[V]) const {
    if (stride == 1) return load(from, v);
    for (int l = 0; l < V; ++l) v[l] = *from;
  }

  template <int V>
  __device__ void piece(int64_t i) const {
    const Offsets at = offsets_of(s.extents, s.a, s.b, 0, s.rank, i);
    float left[V], right[V];
    along(a + at.a, s.a[s.rank - 1], left);
    if (s.kind != BroadcastKind::kCopy) {
      along(b + at.b, s.b[s.rank - 1], right);
      for (int l = 0; l < V; ++l) left[l] = join(s.kind, left[l], right[l]);
    }
    store(y, i, left);
  }
};

}  // namespace

void broadcast(const Exec& exec, const BroadcastShape& s, const float* a, const float* b,
               float* y) {
  // An operand that has the last axis has rows of as many floats: they begin at multiples of 4, too.
  bool wide = aligned16(y) && s.extents[s.rank - 1] % 4 == 0;
  if (s.a[s.rank - 1] == 1) wide = wide && aligned16(a);
  if (b != nullptr && s.b[s.rank - 1] == 1) wide = wide && aligned16(b);
  for_pieces(exec, extent_of(s.extents, 0, s.rank), wide, Joined{s, a, b, y});
}

}  // namespace brasa::cuda
