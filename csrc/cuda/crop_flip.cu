#include "cuda/images.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// Traffic: y written, as much of x read.
struct Show {
  CropFlipShape s;
  const int64_t* state;
  const float* x;
  Out<float> y;

  __device__ CropFlip draw(int64_t n) const { return drawn_crop(s, state, n); }

  __device__ void operator()(int64_t n, const CropFlip& crop, int64_t i) const {
    const int64_t columns = s.Q * s.C, p = i / columns, q = i % columns / s.C, c = i % s.C;
    const int64_t row = crop.vertical ? s.P - 1 - p : p;
    const int64_t column = crop.horizontal ? s.Q - 1 - q : q;
    const int64_t h = folded(s.fill, crop.top + row, s.H);
    const int64_t w = folded(s.fill, crop.left + column, s.W);
    const bool filled = h < 0 || w < 0;
    y[n * s.P * columns + i] = filled ? s.fill_value : x[((n * s.H + h) * s.W + w) * s.C + c];
  }
};

struct Return {
  CropFlipShape s;
  const int64_t* state;
  const float* dy;
  Out<float> dx;

  __device__ CropFlip draw(int64_t n) const { return drawn_crop(s, state, n); }

  __device__ void operator()(int64_t n, const CropFlip& crop, int64_t i) const {
    const int64_t columns = s.W * s.C, h = i / columns, w = i % columns / s.C, c = i % s.C;
    const Range rows = shows(s.fill, h, crop.top, s.P), cols = shows(s.fill, w, crop.left, s.Q);
    float sum = 0.f;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      if (folded(s.fill, crop.top + row, s.H) != h) continue;
      const int64_t p = crop.vertical ? s.P - 1 - row : row;
      for (int64_t column = cols.begin; column < cols.end; ++column) {
        if (folded(s.fill, crop.left + column, s.W) != w) continue;
        const int64_t q = crop.horizontal ? s.Q - 1 - column : column;
        sum += dy[((n * s.P + p) * s.Q + q) * s.C + c];
      }
    }
    dx[n * s.H * columns + i] = sum;
  }
};

}  // namespace

void crop_flip_forward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                       const float* x, float* y) {
  for_images(exec, s.N, s.P * s.Q * s.C, Show{s, state, x, y});
}

void crop_flip_backward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                        const float* dy, float* dx) {
  for_images(exec, s.N, s.H * s.W * s.C, Return{s, state, dy, dx});
}

}  // namespace brasa::cuda
