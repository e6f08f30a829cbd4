// Adam and its kin: flat updates whose rates need powers in double precision, once for each block.
#include "cuda/kernels.h"
#include "cuda/optimizer_first.cuh"

namespace brasa::cuda {
namespace {

// A new mean of the gradient, in the place of the old one.
template <int V>
__device__ __forceinline__ void follow(float fresh, const float (&gradient)[V], float (&mean)[V]) {
  for (int l = 0; l < V; ++l) mean[l] = fmaf(fresh, gradient[l] - mean[l], mean[l]);
}

template <int V>
__device__ __forceinline__ void follow_squares(float fresh, const float (&gradient)[V],
                                               float (&square)[V]) {
  for (int l = 0; l < V; ++l) {
    square[l] = fmaf(fresh, fmaf(gradient[l], gradient[l], -square[l]), square[l]);
  }
}

// What all of them are made of. `second` is the rate of the second slot: of new squares, or of the old size.
struct Adaptive {
  double beta_1, beta_2;
  float fresh, second, epsilon;
  First first;
  const double* hyper;
  const float* g;
  Out<float> p, m, v, v_hat;  // v_hat may be null

  Adaptive(const AdamShape& shape, double second_, const double* hyper_, const float* g_, float* p_,
           const AdamSlots& slots)
      : beta_1(shape.beta_1),
        beta_2(shape.beta_2),
        fresh(static_cast<float>(1 - shape.beta_1)),
        second(static_cast<float>(second_)),
        epsilon(static_cast<float>(shape.epsilon)),
        first(shape.shrink),
        hyper(hyper_),
        g(g_),
        p(p_),
        m(slots.m),
        v(slots.v),
        v_hat(slots.v_hat) {}
};

struct Rates {
  float of_m, of_g, of_v;
};

struct Adam : Adaptive {
  using Adaptive::Adaptive;

  __device__ Rates of_step() const {
    const double step = hyper[1];
    return {static_cast<float>(hyper[0] * sqrt(1 - pow(beta_2, step)) / (1 - pow(beta_1, step))),
            0.f, 0.f};
  }

  template <int V>
  __device__ void piece(int64_t i, const Rates& rates) const {
    float gradient[V], parameter[V], mean[V], square[V], largest[V] = {};
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(m.data + i, mean);
    load(v.data + i, square);
    if (v_hat) load(v_hat.data + i, largest);
    first.apply(hyper[0], gradient, parameter);
    follow(fresh, gradient, mean);
    follow_squares(second, gradient, square);
    for (int l = 0; l < V; ++l) {
      largest[l] = v_hat && largest[l] >= square[l] ? largest[l] : square[l];
      parameter[l] -= rates.of_m * mean[l] / (sqrtf(largest[l]) + epsilon);
    }
    store(m, i, mean);
    store(v, i, square);
    if (v_hat) store(v_hat, i, largest);
    store(p, i, parameter);
  }
};

struct Adamax : Adaptive {
  using Adaptive::Adaptive;

  __device__ Rates of_step() const {
    return {static_cast<float>(hyper[0] / (1 - pow(beta_1, hyper[1]))), 0.f, 0.f};
  }

  template <int V>
  __device__ void piece(int64_t i, const Rates& rates) const {
    float gradient[V], parameter[V], mean[V], size[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(m.data + i, mean);
    load(v.data + i, size);
    first.apply(hyper[0], gradient, parameter);
    follow(fresh, gradient, mean);
    for (int l = 0; l < V; ++l) {
      const float kept = second * size[l], own = fabsf(gradient[l]);
      size[l] = kept > own ? kept : own;
      parameter[l] -= rates.of_m * mean[l] / (size[l] + epsilon);
    }
    store(m, i, mean);
    store(v, i, size);
    store(p, i, parameter);
  }
};

struct Nadam : Adaptive {
  using Adaptive::Adaptive;

  __device__ Rates of_step() const {
    const double step = hyper[1];
    const NadamProduct known = nadam_product(beta_1, step);
    const NadamRates of =
        nadam_rates(beta_1, known.product * pow(beta_1, known.left), pow(0.96, step));
    return {static_cast<float>(hyper[0] * of.of_m), static_cast<float>(hyper[0] * of.of_g),
            static_cast<float>(1 / sqrt(1 - pow(beta_2, step)))};
  }

  template <int V>
  __device__ void piece(int64_t i, const Rates& rates) const {
    float gradient[V], parameter[V], mean[V], square[V];
    load(g + i, gradient);
    load(p.data + i, parameter);
    load(m.data + i, mean);
    load(v.data + i, square);
    first.apply(hyper[0], gradient, parameter);
    follow(fresh, gradient, mean);
    follow_squares(second, gradient, square);
    for (int l = 0; l < V; ++l) {
      const float ahead = fmaf(rates.of_g, gradient[l], rates.of_m * mean[l]);
      parameter[l] -= ahead / fmaf(sqrtf(square[l]), rates.of_v, epsilon);
    }
    store(m, i, mean);
    store(v, i, square);
    store(p, i, parameter);
  }
};

template <class Step>
struct Pieces {
  Step step;
  Rates rates;
  template <int V>
  __device__ void piece(int64_t i) const {
    step.template piece<V>(i, rates);
  }
};

template <int V, class Step>
__global__ void rated_flat(int64_t count, Step step) {
  BRASA_SHARED(float, rates, 3);
  if (threadIdx.x == 0) {
    const Rates own = step.of_step();
    rates[0] = own.of_m;
    rates[1] = own.of_g;
    rates[2] = own.of_v;
  }
  __syncthreads();
  each_piece<V>(count, Pieces<Step>{step, {rates[0], rates[1], rates[2]}});
}

template <class Step>
void run_rated(const Exec& exec, int64_t count, const Step& step) {
  if (count == 0) return;
  if (aligned16(step.g, step.p.data, step.m.data, step.v.data, step.v_hat.data)) {
    launch(exec, flat_launch(ceil_div(count, 4)), rated_flat<4, Step>, count, step);
  } else {
    launch(exec, flat_launch(count), rated_flat<1, Step>, count, step);
  }
}

}  // namespace

void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, const AdamSlots& slots) {
  run_rated(exec, shape.count, Adam(shape, 1 - shape.beta_2, hyper, g, p, slots));
}

void adamax_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                 float* p, const AdamSlots& slots) {
  run_rated(exec, shape.count, Adamax(shape, shape.beta_2, hyper, g, p, slots));
}

void nadam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                float* p, const AdamSlots& slots) {
  run_rated(exec, shape.count, Nadam(shape, 1 - shape.beta_2, hyper, g, p, slots));
}

}  // namespace brasa::cuda
