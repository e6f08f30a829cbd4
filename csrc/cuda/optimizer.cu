// Flat updates at the speed of memory: every slot is read and written once.
#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

struct Sgd {
  SgdShape shape;
  const double* hyper;
  const float* g;
  Out<float> p, v;  // v may be null

  template <int V>
  __device__ void piece(int64_t i) const {
    const float rate = static_cast<float>(hyper[0]), momentum = shape.momentum;
    float gradient[V], parameter[V], velocity[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    if (v) load(v.data + i, velocity);
    for (int l = 0; l < V; ++l) {
      const float step = rate * gradient[l];
      velocity[l] = v ? momentum * velocity[l] - step : -step;
      parameter[l] += shape.nesterov ? momentum * velocity[l] - step : velocity[l];
    }
    if (v) store(v, i, velocity);
    store(p, i, parameter);
  }
};

struct Adam {
  float new_1, new_2, epsilon;
  const float* g;
  Out<float> p, m, v;

  template <int V>
  __device__ void piece(int64_t i, float rate) const {
    float gradient[V], parameter[V], mean[V], square[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(m.data + i, mean);
    load(v.data + i, square);
    for (int l = 0; l < V; ++l) {
      mean[l] = fmaf(new_1, gradient[l] - mean[l], mean[l]);
      square[l] = fmaf(new_2, fmaf(gradient[l], gradient[l], -square[l]), square[l]);
      parameter[l] -= rate * mean[l] / (sqrtf(square[l]) + epsilon);
    }
    store(m, i, mean);
    store(v, i, square);
    store(p, i, parameter);
  }
};

struct AdamPieces {
  Adam adam;
  float rate;
  template <int V>
  __device__ void piece(int64_t i) const {
    adam.template piece<V>(i, rate);
  }
};

// The rate needs two powers in double precision: once for each block, not for each thread.
template <int V>
__global__ void adam_flat(AdamShape shape, const double* hyper, Adam adam) {
  BRASA_SHARED(float, rate, 1);
  if (threadIdx.x == 0) {
    const double step = hyper[1];
    rate[0] = static_cast<float>(hyper[0] * sqrt(1 - pow(shape.beta_2, step)) /
                                 (1 - pow(shape.beta_1, step)));
  }
  __syncthreads();
  each_piece<V>(shape.count, AdamPieces{adam, rate[0]});
}

}  // namespace

void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v) {
  for_pieces(exec, shape.count, aligned16(g, p, v), Sgd{shape, hyper, g, p, v});
}

void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, float* m, float* v) {
  if (shape.count == 0) return;
  const Adam adam{static_cast<float>(1 - shape.beta_1),
                  static_cast<float>(1 - shape.beta_2),
                  static_cast<float>(shape.epsilon),
                  g,
                  p,
                  m,
                  v};
  if (aligned16(g, p, m, v)) {
    launch(exec, flat_launch(ceil_div(shape.count, 4)), adam_flat<4>, shape, hyper, adam);
  } else {
    launch(exec, flat_launch(shape.count), adam_flat<1>, shape, hyper, adam);
  }
}

}  // namespace brasa::cuda
