// Squares are taken and summed in double precision: no rescaling where float32 would overflow, and even
// with two such units a multiprocessor waits longer for the loads.
#include <cmath>

#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

struct ClipTo {
  float limit;
  __device__ float operator()(const float (&x)[1]) const {
    return x[0] > limit ? limit : x[0] < -limit ? -limit : x[0];  // so that NaN passes
  }
};

// A block for each chunk.
__global__ void sum_squares(int64_t count, const float* x, Out<double> squares) {
  const int64_t first = int64_t{blockIdx.x} * kClipChunk;
  double sum = 0;
  for (int64_t i = threadIdx.x; i < kClipChunk && first + i < count; i += kFlatThreads) {
    const double v = double{x[first + i]};
    sum += v * v;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) squares[blockIdx.x] = sum;
}

struct ScaleDown {
  float factor;  // 1: leave every bit as it is; NaN: all but zeros become NaN
  const float* x;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    float v[V];
    load(x + i, v);
    for (int l = 0; l < V; ++l) v[l] = v[l] == 0.f ? v[l] : v[l] * factor;
    store(y, i, v);
  }
};

// Every block adds up the chunks for itself, all in the same order: 8 bytes for 16 KB of x.
template <int V>
__global__ void clip_to_norm(ClipShape shape, int64_t chunks, const double* squares, const float* x,
                             Out<float> y) {
  double total = 0;
  for (int64_t i = threadIdx.x; i < chunks; i += kFlatThreads) total += squares[i];
  const double norm = sqrt(block_sum(total)), limit = double{shape.limit};
  const bool finite = norm < HUGE_VAL;
  const double factor = norm <= limit ? 1 : finite ? limit / norm : double{NAN};
  each_piece<V>(shape.count, ScaleDown{static_cast<float>(factor), x, y});
}

}  // namespace

void clip_value(const Exec& exec, const ClipShape& shape, const float* x, float* y) {
  map<1>(exec, shape.count, ClipTo{shape.limit}, {{x}}, y);
}

void clip_norm(const Exec& exec, const ClipShape& shape, const float* x, float* y) {
  if (shape.count == 0) return;
  const int64_t count = shape.count, chunks = ceil_div(count, kClipChunk);
  double* squares = reinterpret_cast<double*>(exec.scratch);
  launch(exec, {dim3(static_cast<unsigned>(chunks)), dim3(kFlatThreads)}, sum_squares, count, x,
         squares);
  if (aligned16(x, y)) {
    launch(exec, flat_launch(ceil_div(count, 4)), clip_to_norm<4>, shape, chunks, squares, x, y);
  } else {
    launch(exec, flat_launch(count), clip_to_norm<1>, shape, chunks, squares, x, y);
  }
}

}  // namespace brasa::cuda
