// Kernels over flat arrays: a grid that strides over them, 16 bytes at a time where all operands allow.
#pragma once

#include "cuda/launch.h"

namespace brasa::cuda {

constexpr int kFlatThreads = 256;
// Eight blocks of 256 threads fill a multiprocessor; the largest parts have 132 to 148 of them.
constexpr int64_t kFlatBlocks = 8 * 132;

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A grid for `items` items, one for each thread of its first round. items >= 1.
inline Launch flat_launch(int64_t items) {
  const int64_t blocks = ceil_div(items, kFlatThreads);
  return {dim3(static_cast<unsigned>(blocks < kFlatBlocks ? blocks : kFlatBlocks)),
          dim3(kFlatThreads)};
}

template <class... Pointers>
bool aligned16(const Pointers*... pointers) {
  return ((reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

__device__ inline int64_t flat_thread() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ inline int64_t flat_threads() { return int64_t{gridDim.x} * blockDim.x; }

// The sum over the block of what each thread brings, halves onto halves: in all threads.
__device__ inline double block_sum(double own) {
  BRASA_SHARED(double, parts, kFlatThreads);
  const int t = static_cast<int>(threadIdx.x);
  parts[t] = own;
  __syncthreads();
  for (int half = kFlatThreads / 2; half > 0; half /= 2) {
    if (t < half) parts[t] += static_cast<double>(parts[t + half]);
    __syncthreads();
  }
  return parts[0];
}

// Calls f(i, width) for pieces of [0, count): V elements from i on, and single ones at the end.
template <int V, class F>
__device__ void each_piece(int64_t count, const F& f) {
  const int64_t pieces = count / V;
  for (int64_t i = flat_thread(); i < pieces; i += flat_threads()) f.template piece<V>(i * V);
  if constexpr (V > 1) {
    const int64_t i = pieces * V + flat_thread();
    if (i < count) f.template piece<1>(i);
  }
}

template <int V>
__device__ __forceinline__ void load(const float* at, float (&v)[V]) {
  if constexpr (V == 4) {
    const float4 q = load4(at);
    v[0] = q.x, v[1] = q.y, v[2] = q.z, v[3] = q.w;
  } else {
    v[0] = at[0];
  }
}

template <int V>
__device__ __forceinline__ void store(const Out<float>& y, int64_t i, const float (&v)[V]) {
  if constexpr (V == 4) {
    y.store4(i, make_float4(v[0], v[1], v[2], v[3]));
  } else {
    y[i] = v[0];
  }
}

// y[i] = f(x0[i], x1[i], ...): the elementwise ops.
template <int N>
struct Operands {
  const float* x[N];
};

template <int N, class F>
struct Map {
  F f;
  Operands<N> in;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    float v[N][V], result[V];
    for (int n = 0; n < N; ++n) load(in.x[n] + i, v[n]);
    for (int l = 0; l < V; ++l) {
      float arguments[N];
      for (int n = 0; n < N; ++n) arguments[n] = v[n][l];
      result[l] = f(arguments);
    }
    store(y, i, result);
  }
};

template <int V, class F>
__global__ void run_pieces(int64_t count, F f) {
  each_piece<V>(count, f);
}

// Runs f.piece<V>(i) over [0, count).
template <class F>
void for_pieces(const Exec& exec, int64_t count, bool wide, const F& f) {
  if (count == 0) return;
  if (wide) {
    launch(exec, flat_launch(ceil_div(count, 4)), run_pieces<4, F>, count, f);
  } else {
    launch(exec, flat_launch(count), run_pieces<1, F>, count, f);
  }
}

template <int N, class F>
void map(const Exec& exec, int64_t count, const F& f, const Operands<N>& in, float* y) {
  bool wide = aligned16(y);
  for (int n = 0; n < N; ++n) wide = wide && aligned16(in.x[n]);
  for_pieces(exec, count, wide, Map<N, F>{f, in, y});
}

}  // namespace brasa::cuda
