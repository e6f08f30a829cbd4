#include <cmath>

#include "ref/kernels.h"
#include "ref/offset.h"

namespace brasa::ref {
namespace {

// A NaN, and else the larger one.
double larger(double a, double b) { return std::isnan(a) || a >= b ? a : b; }

double start(ReduceKind kind) {
  if (kind == ReduceKind::kMax) return -HUGE_VAL;
  return kind == ReduceKind::kMin ? HUGE_VAL : 0.0;
}

double with_element(const ReduceShape& s, double total, double x, const float* factor) {
  switch (s.kind) {
    case ReduceKind::kSum: return total + (factor == nullptr ? x : x * *factor);
    case ReduceKind::kMean: return total + x;
    case ReduceKind::kMax: return larger(total, x);
    case ReduceKind::kMin: return -larger(-total, -x);
    case ReduceKind::kCount: return total + (x == double{*factor} ? 1 : 0);
  }
  return total;
}

}  // namespace

void reduce(const Exec& exec, const ReduceShape& s, const float* x, const float* factor, float* y) {
  if (exec.thread != 0) return;
  const int64_t count = extent_of(s.extents, s.kept, s.axes);
  for (int64_t k = 0; k < extent_of(s.extents, 0, s.kept); ++k) {
    const int64_t x_at = offset_of(s.extents, s.x, 0, s.kept, k);
    const int64_t factor_at = offset_of(s.extents, s.factor, 0, s.kept, k);
    double total = start(s.kind);
    for (int64_t r = 0; r < count; ++r) {
      const int64_t at = factor_at + offset_of(s.extents, s.factor, s.kept, s.axes, r);
      total = with_element(s, total, x[x_at + offset_of(s.extents, s.x, s.kept, s.axes, r)],
                           factor == nullptr ? nullptr : factor + at);
    }
    if (s.kind == ReduceKind::kMean) total /= static_cast<double>(count);
    y[k] = static_cast<float>(s.write == Write::kAdd ? y[k] + total : total);
  }
}

int64_t reduce_workspace(const ReduceShape&) { return 0; }

void extreme_backward(const Exec& exec, const BroadcastShape& s, const float* dy, const float* x,
                      const float* y, float* dx) {
  if (exec.thread != 0) return;
  const ReduceShape of = reduced_to_a(ReduceKind::kCount, s);
  const int64_t count = extent_of(of.extents, of.kept, of.axes);
  for (int64_t k = 0; k < extent_of(of.extents, 0, of.kept); ++k) {
    const int64_t row = offset_of(of.extents, of.x, 0, of.kept, k);
    double equal = 0;
    for (int64_t r = 0; r < count; ++r) {
      equal += x[row + offset_of(of.extents, of.x, of.kept, of.axes, r)] == y[k] ? 1 : 0;
    }
    const double share = double{dy[k]} / equal;
    for (int64_t r = 0; r < count; ++r) {
      const int64_t at = row + offset_of(of.extents, of.x, of.kept, of.axes, r);
      dx[at] = static_cast<float>(x[at] == y[k] ? share : equal == 0 ? NAN : 0.0);
    }
  }
}

int64_t extreme_backward_workspace(const BroadcastShape&) { return 0; }

}  // namespace brasa::ref
