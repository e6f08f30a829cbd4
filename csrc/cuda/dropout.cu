#include "core/random.h"
#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// One draw serves the four elements of a quad, whether they are loaded together or not.
struct Drop {
  DropoutShape shape;
  const int64_t* state;
  const float* x;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    const Philox random = draw_of(state, shape.node, i);
    const float factor = static_cast<float>(1 / (1 - double{shape.rate}));
    float v[V];
    load(x + i, v);
    for (int l = 0; l < V; ++l) {
      const bool kept = uniform01(random.word[V == 4 ? l : i % 4]) >= shape.rate;
      v[l] = kept ? v[l] * factor : 0.f;
    }
    store(y, i, v);
  }
};

}  // namespace

void dropout(const Exec& exec, const DropoutShape& shape, const int64_t* state, const float* x,
             float* y) {
  for_pieces(exec, shape.count, aligned16(x, y), Drop{shape, state, x, y});
}

}  // namespace brasa::cuda
