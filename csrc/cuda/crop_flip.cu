#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// A block works on one image, whose window every thread draws for itself: grid = (images, slices of an
// image). Ten rounds of the generator serve kSlice floats. Traffic: y written, as much of x read.
constexpr int64_t kSlice = 4;

inline Launch launch_of(int64_t images, int64_t floats) {
  // What a grid can have: 2^31 - 1 blocks along x, 65535 along y.
  const int64_t slices = ceil_div(floats, kSlice * kFlatThreads);
  const int64_t most = int64_t{1} << 30;
  return {dim3(static_cast<unsigned>(images < most ? images : most),
               static_cast<unsigned>(slices < 65535 ? slices : 65535)),
          dim3(kFlatThreads)};
}

// f(n, window of n, i) for all floats i of all images n.
template <class F>
__device__ void each_float(const CropFlipShape& s, const int64_t* state, int64_t floats,
                           const F& f) {
  for (int64_t n = blockIdx.x; n < s.N; n += gridDim.x) {
    const CropFlip crop = drawn_crop(s, state, n);
    const int64_t step = int64_t{gridDim.y} * blockDim.x;
    for (int64_t i = int64_t{blockIdx.y} * blockDim.x + threadIdx.x; i < floats; i += step) {
      f(n, crop, i);
    }
  }
}

struct Show {
  CropFlipShape s;
  const float* x;
  Out<float> y;

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
  const float* dy;
  Out<float> dx;

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

template <class F>
__global__ void run_images(CropFlipShape s, const int64_t* state, int64_t floats, F f) {
  each_float(s, state, floats, f);
}

template <class F>
void run(const Exec& exec, const CropFlipShape& s, const int64_t* state, int64_t floats,
         const F& f) {
  if (s.N * floats == 0) return;
  launch(exec, launch_of(s.N, floats), run_images<F>, s, state, floats, f);
}

}  // namespace

void crop_flip_forward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                       const float* x, float* y) {
  run(exec, s, state, s.P * s.Q * s.C, Show{s, x, y});
}

void crop_flip_backward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                        const float* dy, float* dx) {
  run(exec, s, state, s.H * s.W * s.C, Return{s, dy, dx});
}

}  // namespace brasa::cuda
