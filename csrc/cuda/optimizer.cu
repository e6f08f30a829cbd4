// Flat updates at the speed of memory: every slot is read and written once.
#include "cuda/kernels.h"
#include "cuda/optimizer_first.cuh"

namespace brasa::cuda {
namespace {

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

struct Adadelta {
  float fresh, epsilon;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, v, u;

  template <int V>
  __device__ void piece(int64_t i) const {
    const float rate = static_cast<float>(hyper[0]);
    float gradient[V], parameter[V], square[V], moved[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(v.data + i, square);
    load(u.data + i, moved);
    first.apply(hyper[0], gradient, parameter);
    for (int l = 0; l < V; ++l) {
      square[l] = fmaf(fresh, fmaf(gradient[l], gradient[l], -square[l]), square[l]);
      const float move = gradient[l] * sqrtf((moved[l] + epsilon) / (square[l] + epsilon));
      moved[l] = fmaf(fresh, fmaf(move, move, -moved[l]), moved[l]);
      parameter[l] -= rate * move;
    }
    store(v, i, square);
    store(u, i, moved);
    store(p, i, parameter);
  }
};

struct Lion {
  float new_1, new_2;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, m;

  template <int V>
  __device__ void piece(int64_t i) const {
    const float rate = static_cast<float>(hyper[0]);
    float gradient[V], parameter[V], mean[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(m.data + i, mean);
    first.apply(hyper[0], gradient, parameter);
    for (int l = 0; l < V; ++l) {
      const float mixed = fmaf(new_1, gradient[l] - mean[l], mean[l]);
      mean[l] = fmaf(new_2, gradient[l] - mean[l], mean[l]);
      parameter[l] -= mixed > 0.f ? rate : mixed < 0.f ? -rate : mixed;  // 0, or NaN
    }
    store(m, i, mean);
    store(p, i, parameter);
  }
};

}  // namespace

void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v) {
  for_pieces(exec, shape.count, aligned16(g, p, v),
             Sgd{shape.momentum, shape.nesterov, shape.shrink, hyper, g, p, v});
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

void adadelta_step(const Exec& exec, const AdadeltaShape& shape, const double* hyper,
                   const float* g, float* p, float* v, float* u) {
  for_pieces(exec, shape.count, aligned16(g, p, v, u),
             Adadelta{static_cast<float>(1 - shape.rho), static_cast<float>(shape.epsilon),
                      shape.shrink, hyper, g, p, v, u});
}

void lion_step(const Exec& exec, const LionShape& shape, const double* hyper, const float* g,
               float* p, float* m) {
  for_pieces(exec, shape.count, aligned16(g, p, m),
             Lion{static_cast<float>(1 - shape.beta_1), static_cast<float>(1 - shape.beta_2),
                  shape.shrink, hyper, g, p, m});
}

}  // namespace brasa::cuda
