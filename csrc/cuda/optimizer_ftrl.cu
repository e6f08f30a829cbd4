// Follow the regularized leader: the sums of the gradients say where the parameters are.
#include "cuda/kernels.h"
#include "cuda/optimizer_first.cuh"

namespace brasa::cuda {
namespace {

struct Ftrl {
  float power, lasso, twice_shrinkage;
  double beta, ridge;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, n, z;

  __device__ float raised(float x) const { return power == 0.5f ? sqrtf(x) : powf(x, power); }

  template <int V>
  __device__ void piece(int64_t i) const {
    const double lr = hyper[0];
    if (lr == 0) return;
    const float inverse = static_cast<float>(1 / lr);
    const float floor = static_cast<float>(beta / lr + 2 * ridge);
    float gradient[V], parameter[V], squares[V], linear[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(n.data + i, squares);
    load(z.data + i, linear);
    first.apply(lr, gradient, parameter);
    for (int l = 0; l < V; ++l) {
      const float before = raised(squares[l]);
      squares[l] = fmaf(gradient[l], gradient[l], squares[l]);
      const float root = raised(squares[l]), rise = (root - before) * inverse;
      const float slope = fmaf(twice_shrinkage, parameter[l], gradient[l]);
      linear[l] = fmaf(-rise, parameter[l], linear[l] + slope);
      const float below = fmaf(root, inverse, floor);
      // So that NaN passes.
      const float near = linear[l] > lasso ? lasso : linear[l] < -lasso ? -lasso : linear[l];
      if (below != 0.f) parameter[l] = (near - linear[l]) / below;
    }
    store(n, i, squares);
    store(z, i, linear);
    store(p, i, parameter);
  }
};

}  // namespace

void ftrl_step(const Exec& exec, const FtrlShape& shape, const double* hyper, const float* g,
               float* p, float* n, float* z) {
  for_pieces(exec, shape.count, aligned16(g, p, n, z),
             Ftrl{static_cast<float>(shape.power), static_cast<float>(shape.lasso),
                  static_cast<float>(2 * shape.shrinkage), shape.beta, shape.ridge, shape.shrink,
                  hyper, g, p, n, z});
}

}  // namespace brasa::cuda
