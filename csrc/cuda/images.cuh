// Kernels that draw something for each image of a batch, and then work on its floats.
#pragma once

#include "cuda/flat.cuh"

namespace brasa::cuda {

// A block works on one image, for which every thread draws by itself: grid = (images, slices of an image). Ten
// rounds of the generator serve kSlice floats.
constexpr int64_t kSlice = 4;

inline Launch images_launch(int64_t images, int64_t floats) {
  // What a grid can have: 2^31 - 1 blocks along x, 65535 along y.
  const int64_t slices = ceil_div(floats, kSlice * kFlatThreads);
  const int64_t most = int64_t{1} << 30;
  return {dim3(static_cast<unsigned>(images < most ? images : most),
               static_cast<unsigned>(slices < 65535 ? slices : 65535)),
          dim3(kFlatThreads)};
}

// f(n, f.draw(n), i) for all floats i of all images n.
template <class F>
__global__ void run_images(int64_t images, int64_t floats, F f) {
  for (int64_t n = blockIdx.x; n < images; n += gridDim.x) {
    const auto drawn = f.draw(n);
    const int64_t step = int64_t{gridDim.y} * blockDim.x;
    for (int64_t i = int64_t{blockIdx.y} * blockDim.x + threadIdx.x; i < floats; i += step) {
      f(n, drawn, i);
    }
  }
}

template <class F>
void for_images(const Exec& exec, int64_t images, int64_t floats, const F& f) {
  if (images * floats == 0) return;
  launch(exec, images_launch(images, floats), run_images<F>, images, floats, f);
}

}  // namespace brasa::cuda
