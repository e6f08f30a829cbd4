// Flat updates at the speed of memory: every slot is read and written once.
#include "cuda/kernels.h"
#include "cuda/penalty.cuh"

namespace brasa::cuda {
namespace {

// What comes first. `any` is the same for all threads: a weight's bits stay where there is none of it.
struct First {
  bool any;
  double weight_decay;
  Slope slope;
  First(const Shrink& s) : any(s.any()), weight_decay(s.weight_decay), slope(s.l1, s.l2) {}

  // The gradients take up the slopes, then the parameters decay.
  template <int V>
  __device__ void apply(double lr, float (&gradient)[V], float (&parameter)[V]) const {
    if (!any) return;
    const float share = static_cast<float>(lr * weight_decay);
    for (int l = 0; l < V; ++l) {
      gradient[l] = slope.added(gradient[l], parameter[l]);
      parameter[l] = fmaf(-share, parameter[l], parameter[l]);
    }
  }
};

struct Sgd {
  float momentum;
  bool nesterov;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, v;  // v may be null

  template <int V>
  __device__ void piece(int64_t i) const {
    const float rate = static_cast<float>(hyper[0]);
    float gradient[V], parameter[V], velocity[V] = {};
    load(g + i, gradient);
    load(p.data + i, parameter);
    if (v) load(v.data + i, velocity);
    first.apply(hyper[0], gradient, parameter);
    for (int l = 0; l < V; ++l) {
      const float step = rate * gradient[l];
      velocity[l] = v ? momentum * velocity[l] - step : -step;
      parameter[l] += nesterov ? momentum * velocity[l] - step : velocity[l];
    }
    if (v) store(v, i, velocity);
    store(p, i, parameter);
  }
};

struct Adam {
  float new_1, new_2, epsilon;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, m, v, v_hat;  // v_hat may be null

  template <int V>
  __device__ void piece(int64_t i, float rate) const {
    float gradient[V], parameter[V], mean[V], square[V], largest[V] = {};
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(m.data + i, mean);
    load(v.data + i, square);
    if (v_hat) load(v_hat.data + i, largest);
    first.apply(hyper[0], gradient, parameter);
    for (int l = 0; l < V; ++l) {
      mean[l] = fmaf(new_1, gradient[l] - mean[l], mean[l]);
      square[l] = fmaf(new_2, fmaf(gradient[l], gradient[l], -square[l]), square[l]);
      largest[l] = v_hat && largest[l] >= square[l] ? largest[l] : square[l];
      parameter[l] -= rate * mean[l] / (sqrtf(largest[l]) + epsilon);
    }
    store(m, i, mean);
    store(v, i, square);
    if (v_hat) store(v_hat, i, largest);
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
__global__ void adam_flat(AdamShape shape, Adam adam) {
  BRASA_SHARED(float, rate, 1);
  if (threadIdx.x == 0) {
    const double step = adam.hyper[1];
    rate[0] = static_cast<float>(adam.hyper[0] * sqrt(1 - pow(shape.beta_2, step)) /
                                 (1 - pow(shape.beta_1, step)));
  }
  __syncthreads();
  each_piece<V>(shape.count, AdamPieces{adam, rate[0]});
}

struct Rmsprop {
  float fresh, momentum, epsilon;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, v, m, a;  // m and a may be null

  template <int V>
  __device__ void piece(int64_t i) const {
    const float rate = static_cast<float>(hyper[0]);
    float gradient[V], parameter[V], square[V], mean[V] = {}, moved[V] = {};
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(v.data + i, square);
    if (a) load(a.data + i, mean);
    if (m) load(m.data + i, moved);
    first.apply(hyper[0], gradient, parameter);
    for (int l = 0; l < V; ++l) {
      square[l] = fmaf(fresh, fmaf(gradient[l], gradient[l], -square[l]), square[l]);
      float spread = square[l];
      if (a) {
        mean[l] = fmaf(fresh, gradient[l] - mean[l], mean[l]);
        spread = fmaf(-mean[l], mean[l], spread);
        spread = spread < 0.f ? 0.f : spread;
      }
      const float step = rate * gradient[l] / sqrtf(spread + epsilon);
      moved[l] = m ? fmaf(momentum, moved[l], step) : step;
      parameter[l] -= moved[l];
    }
    store(v, i, square);
    if (a) store(a, i, mean);
    if (m) store(m, i, moved);
    store(p, i, parameter);
  }
};

struct Adagrad {
  float epsilon;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, v;

  template <int V>
  __device__ void piece(int64_t i) const {
    const float rate = static_cast<float>(hyper[0]);
    float gradient[V], parameter[V], squares[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(v.data + i, squares);
    first.apply(hyper[0], gradient, parameter);
    for (int l = 0; l < V; ++l) {
      squares[l] = fmaf(gradient[l], gradient[l], squares[l]);
      parameter[l] -= rate * gradient[l] / sqrtf(squares[l] + epsilon);
    }
    store(v, i, squares);
    store(p, i, parameter);
  }
};

}  // namespace

void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v) {
  for_pieces(exec, shape.count, aligned16(g, p, v),
             Sgd{shape.momentum, shape.nesterov, shape.shrink, hyper, g, p, v});
}

void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, const AdamSlots& slots) {
  if (shape.count == 0) return;
  const Adam adam{static_cast<float>(1 - shape.beta_1),
                  static_cast<float>(1 - shape.beta_2),
                  static_cast<float>(shape.epsilon),
                  shape.shrink,
                  hyper,
                  g,
                  p,
                  slots.m,
                  slots.v,
                  slots.v_hat};
  if (aligned16(g, p, slots.m, slots.v, slots.v_hat)) {
    launch(exec, flat_launch(ceil_div(shape.count, 4)), adam_flat<4>, shape, adam);
  } else {
    launch(exec, flat_launch(shape.count), adam_flat<1>, shape, adam);
  }
}

void rmsprop_step(const Exec& exec, const RmspropShape& shape, const double* hyper, const float* g,
                  float* p, const RmspropSlots& slots) {
  for_pieces(exec, shape.count, aligned16(g, p, slots.v, slots.m, slots.a),
             Rmsprop{static_cast<float>(1 - shape.rho), static_cast<float>(shape.momentum),
                     static_cast<float>(shape.epsilon), shape.shrink, hyper, g, p, slots.v, slots.m,
                     slots.a});
}

void adagrad_step(const Exec& exec, const AdagradShape& shape, const double* hyper, const float* g,
                  float* p, float* v) {
  for_pieces(exec, shape.count, aligned16(g, p, v),
             Adagrad{static_cast<float>(shape.epsilon), shape.shrink, hyper, g, p, v});
}

}  // namespace brasa::cuda
