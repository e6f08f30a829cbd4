#include "ref/image.h"
#include "ref/kernels.h"

namespace brasa::ref {

void warp2d_forward(const Exec& exec, const Warp2dShape& s, const int64_t* state, const float* x,
                    float* y) {
  if (exec.thread != 0) return;
  const Image<float> ys{y, s.P, s.Q, s.C};
  for (int64_t n = 0; n < s.N; ++n) {
    const Warp2d warp = drawn_warp(s, state, n);
    const float* image = x + n * s.H * s.W * s.C;
    for (int64_t p = 0; p < s.P; ++p) {
      for (int64_t q = 0; q < s.Q; ++q) {
        const Warp2dPixels from = warp_pixels(s, warp, p, q);
        for (int64_t c = 0; c < s.C; ++c) {
          // No sum that begins at 0: it would make 0 of -0.
          double sum = 0;
          for (int i = 0; i < 4; ++i) {
            if (!(from.weight[i] > 0)) continue;
            const float value = from.at[i] < 0 ? s.fill_value : image[from.at[i] * s.C + c];
            const double term = double{from.weight[i]} * double{value};
            sum = i == 0 ? term : sum + term;
          }
          ys(n, p, q, c) = static_cast<float>(sum);
        }
      }
    }
  }
}

void warp2d_backward(const Exec& exec, const Warp2dShape& s, const int64_t* state, const float* dy,
                     float* dx) {
  if (exec.thread != 0) return;
  const Image<const float> dys{dy, s.P, s.Q, s.C};
  for (int64_t n = 0; n < s.N; ++n) {
    const Warp2d warp = drawn_warp(s, state, n);
    for (int64_t pixel = 0; pixel < s.H * s.W; ++pixel) {
      for (int64_t c = 0; c < s.C; ++c) {
        double sum = 0;
        for (int64_t p = 0; p < s.P; ++p) {
          for (int64_t q = 0; q < s.Q; ++q) {
            const Warp2dPixels from = warp_pixels(s, warp, p, q);
            for (int i = 0; i < 4; ++i) {
              if (from.at[i] != pixel || !(from.weight[i] > 0)) continue;
              sum += double{from.weight[i]} * double{dys(n, p, q, c)};
            }
          }
        }
        dx[(n * s.H * s.W + pixel) * s.C + c] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace brasa::ref
