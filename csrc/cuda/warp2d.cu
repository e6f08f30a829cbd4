#include "cuda/images.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// Traffic: y written, up to four times as much of x read, most of it from the caches.
struct Show {
  Warp2dShape s;
  const int64_t* state;
  const float* x;
  Out<float> y;

  __device__ Warp2d draw(int64_t n) const { return drawn_warp(s, state, n); }

  __device__ void operator()(int64_t n, const Warp2d& warp, int64_t i) const {
    const int64_t columns = s.Q * s.C, p = i / columns, q = i % columns / s.C, c = i % s.C;
    const float* image = x + n * s.H * s.W * s.C + c;
    const Warp2dPixels from = warp_pixels(s, warp, p, q);
    float sum = 0.f;
    for (int k = 0; k < 4; ++k) {
      if (!(from.weight[k] > 0)) continue;
      const float value = from.at[k] < 0 ? s.fill_value : image[from.at[k] * s.C];
      sum = k == 0 ? from.weight[k] * value : fmaf(from.weight[k], value, sum);
    }
    y[n * s.P * columns + i] = sum;
  }
};

// One thread adds up one element of dx, for want of atomics: it looks for the places of y that show its pixel.
// Upright images, all of Resizing and RandomZoom, have whole rows of y that do not, and these are passed over.
struct GiveBack {
  Warp2dShape s;
  const int64_t* state;
  const float* dy;
  Out<float> dx;

  __device__ Warp2d draw(int64_t n) const { return drawn_warp(s, state, n); }

  __device__ bool shows(const WarpAxis& row, int64_t h) const {
    return folded(s.fill, row.first, s.H) == h ||
           (row.behind > 0 && folded(s.fill, row.first + 1, s.H) == h);
  }

  __device__ void operator()(int64_t n, const Warp2d& warp, int64_t i) const {
    const int64_t pixel = i / s.C, c = i % s.C;
    const bool upright = !(warp.b < 0 || warp.b > 0);
    float sum = 0.f;
    for (int64_t p = 0; p < s.P; ++p) {
      WarpAxis row = warp_row(s, warp, p, 0);
      if (upright && !shows(row, pixel / s.W)) continue;
      for (int64_t q = 0; q < s.Q; ++q) {
        if (!upright) row = warp_row(s, warp, p, q);
        const Warp2dPixels from = warp_pixels(s, row, warp_column(s, warp, p, q));
        for (int k = 0; k < 4; ++k) {
          if (from.at[k] != pixel || !(from.weight[k] > 0)) continue;
          sum = fmaf(from.weight[k], dy[((n * s.P + p) * s.Q + q) * s.C + c], sum);
        }
      }
    }
    dx[n * s.H * s.W * s.C + i] = sum;
  }
};

}  // namespace

void warp2d_forward(const Exec& exec, const Warp2dShape& s, const int64_t* state, const float* x,
                    float* y) {
  for_images(exec, s.N, s.P * s.Q * s.C, Show{s, state, x, y});
}

void warp2d_backward(const Exec& exec, const Warp2dShape& s, const int64_t* state, const float* dy,
                     float* dx) {
  for_images(exec, s.N, s.H * s.W * s.C, GiveBack{s, state, dy, dx});
}

}  // namespace brasa::cuda
