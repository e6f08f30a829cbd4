#include "core/random.h"
#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// Element l of four: the even ones are cosines, the odd ones sines.
__device__ __forceinline__ float normal(const Philox& random, int64_t l) {
  const uint32_t first = l < 2 ? random.word[0] : random.word[2];
  const uint32_t second = l < 2 ? random.word[1] : random.word[3];
  float sine, cosine;
  sincospif(2.f * uniform01(second), &sine, &cosine);
  return sqrtf(-2.f * logf(1.f - uniform01(first))) * (l % 2 == 0 ? cosine : sine);
}

// One draw serves the four elements of a quad, whether they are loaded together or not.
struct AddNoise {
  GaussianNoiseShape shape;
  const int64_t* state;
  const float* x;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    const Philox random = draw_of(state, shape.node, i);
    float v[V];
    load(x + i, v);
    for (int l = 0; l < V; ++l) v[l] = fmaf(shape.stddev, normal(random, V == 4 ? l : i % 4), v[l]);
    store(y, i, v);
  }
};

}  // namespace

void gaussian_noise(const Exec& exec, const GaussianNoiseShape& shape, const int64_t* state,
                    const float* x, float* y) {
  for_pieces(exec, shape.count, aligned16(x, y), AddNoise{shape, state, x, y});
}

}  // namespace brasa::cuda
