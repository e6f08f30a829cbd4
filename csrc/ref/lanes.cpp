#include "ops/lanes.h"

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// f(offset in (N,H,W,C) or -1 where the lane is past the last image, offset in (G,C,H,W,L)).
template <class F>
void each_element(const LanesShape& shape, F f) {
  const auto [N, H, W, C, L, repeat] = shape;
  int64_t at = 0;
  for (int64_t g = 0; g * L < N; ++g) {
    for (int64_t c = 0; c < C; ++c) {
      for (int64_t pixel = 0; pixel < H * W; ++pixel) {
        for (int64_t l = 0; l < L; ++l, ++at) {
          int64_t n = g * L + l;
          if (n >= N && repeat) n = N - 1;
          f(n < N ? (n * H * W + pixel) * C + c : -1, at);
        }
      }
    }
  }
}

}  // namespace

void to_lanes(const Exec& exec, const LanesShape& shape, const float* x, float* y) {
  if (exec.thread != 0) return;
  each_element(shape, [&](int64_t image, int64_t lane) { y[lane] = image < 0 ? 0.f : x[image]; });
}

void from_lanes(const Exec& exec, const LanesShape& shape, const float* x, float* y) {
  if (exec.thread != 0) return;
  LanesShape once = shape;
  once.repeat = false;
  each_element(once, [&](int64_t image, int64_t lane) {
    if (image >= 0) y[image] = x[lane];
  });
}

}  // namespace brasa::ref
