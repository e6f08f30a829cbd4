// Adam's direction, as long as the parameters are: two kernels, since the length is that of all of it.
#include "cuda/kernels.h"
#include "cuda/optimizer_first.cuh"

namespace brasa::cuda {
namespace {

// d of the slots; both kernels compute it, which is less traffic than to keep it.
struct Direction {
  float of_m, of_v, epsilon;
  __device__ float operator()(float m, float v) const {
    return of_m * m / (sqrtf(of_v * v) + epsilon);
  }
};

// Powers in double precision, once for each block.
__device__ Direction direction_of(const AdamShape& shape, const double* hyper) {
  BRASA_SHARED(float, rates, 2);
  if (threadIdx.x == 0) {
    rates[0] = static_cast<float>(1 / (1 - pow(shape.beta_1, hyper[1])));
    rates[1] = static_cast<float>(1 / (1 - pow(shape.beta_2, hyper[1])));
  }
  __syncthreads();
  return {rates[0], rates[1], static_cast<float>(shape.epsilon)};
}

// The slots, and a block's sums for each chunk: grid = chunks.
__global__ void follow_and_measure(AdamShape shape, First first, const double* hyper,
                                   const float* g, const float* p, Out<float> m, Out<float> v,
                                   Out<double> squares) {
  const Direction direction = direction_of(shape, hyper);
  const float new_1 = static_cast<float>(1 - shape.beta_1);
  const float new_2 = static_cast<float>(1 - shape.beta_2);
  const int64_t begin = int64_t{blockIdx.x} * kLambChunk;
  double of_p = 0, of_d = 0;
  for (int64_t at = threadIdx.x; at < kLambChunk && begin + at < shape.count; at += kFlatThreads) {
    const int64_t i = begin + at;
    float gradient[1] = {g[i]}, parameter[1] = {p[i]};
    first.apply(hyper[0], gradient, parameter);
    const float m_old = m.data[i], v_old = v.data[i];
    const float mean = fmaf(new_1, gradient[0] - m_old, m_old);
    const float square = fmaf(new_2, fmaf(gradient[0], gradient[0], -v_old), v_old);
    m[i] = mean;
    v[i] = square;
    const double d = double{direction(mean, square)}, own = double{parameter[0]};
    of_p += own * own;
    of_d += d * d;
  }
  of_p = block_sum(of_p);
  __syncthreads();  // the shared parts are read before they are written again
  of_d = block_sum(of_d);
  if (threadIdx.x == 0) {
    squares[int64_t{2} * blockIdx.x] = of_p;
    squares[int64_t{2} * blockIdx.x + 1] = of_d;
  }
}

struct Follow {
  float rate;
  Direction direction;
  First first;
  const double* hyper;
  const float *m, *v;
  Out<float> p;

  template <int V>
  __device__ void piece(int64_t i) const {
    float parameter[V], mean[V], square[V], none[V] = {};
    load(p.data + i, parameter);
    load(m + i, mean);
    load(v + i, square);
    first.apply(hyper[0], none, parameter);
    for (int l = 0; l < V; ++l) {
      parameter[l] = fmaf(-rate, direction(mean[l], square[l]), parameter[l]);
    }
    store(p, i, parameter);
  }
};

// Every block adds up the chunks for itself, all in the same order.
template <int V>
__global__ void follow(AdamShape shape, First first, int64_t chunks, const double* hyper,
                       const double* squares, const float* m, const float* v, Out<float> p) {
  const Direction direction = direction_of(shape, hyper);
  double of_p = 0, of_d = 0;
  for (int64_t i = threadIdx.x; i < chunks; i += kFlatThreads) {
    of_p += squares[2 * i];
    of_d += squares[2 * i + 1];
  }
  of_p = block_sum(of_p);
  __syncthreads();  // the shared parts are read before they are written again
  of_d = block_sum(of_d);
  const double ratio = of_p > 0 && of_d > 0 ? sqrt(of_p / of_d) : 1;
  const float rate = static_cast<float>(hyper[0] * ratio);
  each_piece<V>(shape.count, Follow{rate, direction, first, hyper, m, v, p});
}

}  // namespace

void lamb_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, float* m, float* v) {
  if (shape.count == 0) return;
  const int64_t chunks = ceil_div(shape.count, kLambChunk);
  double* squares = reinterpret_cast<double*>(exec.scratch);
  const First first(shape.shrink);
  launch(exec, {dim3(static_cast<unsigned>(chunks)), dim3(kFlatThreads)}, follow_and_measure, shape,
         first, hyper, g, p, m, v, squares);
  if (aligned16(p, m, v)) {
    launch(exec, flat_launch(ceil_div(shape.count, 4)), follow<4>, shape, first, chunks, hyper,
           squares, m, v, p);
  } else {
    launch(exec, flat_launch(shape.count), follow<1>, shape, first, chunks, hyper, squares, m, v,
           p);
  }
}

}  // namespace brasa::cuda
