// Summed in double precision: even with two such units a multiprocessor waits longer for the loads.
#include "cuda/penalty.cuh"

#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// A block for each chunk.
__global__ void sum_chunks(PenaltyShape shape, const float* x, Out<double> sums) {
  const int64_t first = int64_t{blockIdx.x} * kPenaltyChunk;
  double sizes = 0, squares = 0;
  for (int64_t i = threadIdx.x; i < kPenaltyChunk && first + i < shape.count; i += kFlatThreads) {
    const double v = double{x[first + i]};
    sizes += v < 0 ? -v : v;
    squares += v * v;
  }
  double own = 0;
  if (shape.l1 != 0) own += shape.l1 * sizes;
  if (shape.l2 != 0) own += shape.l2 * squares;
  const double sum = block_sum(own);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// One block: each thread adds every kFlatThreads-th chunk.
__global__ void add_chunks(int64_t chunks, const double* sums, Out<float> value) {
  double own = 0;
  for (int64_t i = threadIdx.x; i < chunks; i += kFlatThreads) own += sums[i];
  const double total = block_sum(own);
  if (threadIdx.x == 0) value[0] = static_cast<float>(total);
}

struct Backward {
  Slope slope;
  bool adds;
  const float* x;
  Out<float> dx;

  template <int V>
  __device__ void piece(int64_t i) const {
    float at[V], result[V];
    load(x + i, at);
    for (int l = 0; l < V; ++l) result[l] = 0.f;
    if (adds) load(dx.data + i, result);
    for (int l = 0; l < V; ++l) result[l] = slope.added(result[l], at[l]);
    store(dx, i, result);
  }
};

}  // namespace

void penalty(const Exec& exec, const PenaltyShape& shape, const float* x, float* value) {
  const int64_t chunks = ceil_div(shape.count, kPenaltyChunk);
  double* sums = reinterpret_cast<double*>(exec.scratch);
  if (chunks > 0) {
    launch(exec, {dim3(static_cast<unsigned>(chunks)), dim3(kFlatThreads)}, sum_chunks, shape, x,
           sums);
  }
  launch(exec, {dim3(1), dim3(kFlatThreads)}, add_chunks, chunks, sums, value);
}

void penalty_backward(const Exec& exec, const PenaltyShape& shape, Write write, const float* x,
                      float* dx) {
  for_pieces(exec, shape.count, aligned16(x, dx),
             Backward{Slope(shape.l1, shape.l2), write == Write::kAdd, x, dx});
}

}  // namespace brasa::cuda
