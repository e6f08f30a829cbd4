#include "cuda/activate.cuh"
#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

struct Forward {
  Activation activation;
  __device__ float operator()(const float (&x)[1]) const { return activate(activation, x[0]); }
};

struct Backward {
  Activation activation;
  __device__ float operator()(const float (&v)[2]) const {
    return activation_slope(activation, v[0], v[1]);
  }
};

}  // namespace

void activation_forward(const Exec& exec, int64_t count, Activation activation, const float* x,
                        float* y) {
  map<1>(exec, count, Forward{activation}, {{x}}, y);
}

void activation_backward(const Exec& exec, int64_t count, Activation activation, const float* dy,
                         const float* y, float* dx) {
  map<2>(exec, count, Backward{activation}, {{dy, y}}, dx);
}

}  // namespace brasa::cuda
