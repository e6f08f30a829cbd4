#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace brasa::cuda {
namespace {

__global__ void compare_ids(int64_t count, int32_t value, const int32_t* ids, Out<float> mask) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) {
    mask[i] = ids[i] != value ? 1.f : 0.f;
  }
}

template <int W>
__global__ void compare_rows(MaskShape s, const float* x, Out<float> mask) {
  const int64_t row = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (row >= s.rows) return;
  bool differs = false;
  for (int64_t j = lane; j < s.columns; j += W) differs |= x[row * s.columns + j] != s.value;
  if constexpr (W == 32) differs = __any_sync(~0u, differs) != 0;
  if (lane == 0) mask[row] = differs ? 1.f : 0.f;
}

struct KeepRows {
  int64_t columns;
  const float *x, *mask;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    const bool kept = mask[i / columns] != 0.f;
    float v[V];
    load(x + i, v);
    for (int l = 0; l < V; ++l) v[l] = kept ? v[l] : 0.f;
    store(y, i, v);
  }
};

// One block: a mask is small, and there is no scratch for parts. As many threads as a block can have, so
// that enough loads are on their way.
constexpr int kCounters = 1024;

__global__ void __launch_bounds__(kCounters)
    count_rows(int64_t rows, const float* mask, Out<double> valid) {
  BRASA_SHARED(int64_t, counts, kCounters / 32);
  const int t = static_cast<int>(threadIdx.x);
  int64_t count = 0;
  for (int64_t i = t; i < rows; i += kCounters) count += mask[i] != 0.f;
  for (int with = 16; with > 0; with /= 2) count += __shfl_xor_sync(~0u, count, with);
  if (t % 32 == 0) counts[t / 32] = count;
  __syncthreads();
  if (t != 0) return;
  for (int warp = 1; warp < kCounters / 32; ++warp) count += counts[warp];
  valid[0] = static_cast<double>(count);
}

__global__ void weigh_rows(int64_t rows, const float* mask, const float* weight,
                           const double* valid, Out<float> weights) {
  for (int64_t i = flat_thread(); i < rows; i += flat_threads()) {
    const double own = weight == nullptr ? 1 : double{weight[i]};
    weights[i] =
        mask[i] != 0.f ? static_cast<float>(own * static_cast<double>(rows) / *valid) : 0.f;
  }
}

}  // namespace

void mask_of_ids(const Exec& exec, int64_t count, int32_t value, const int32_t* ids, float* mask) {
  if (count == 0) return;
  launch(exec, flat_launch(count), compare_ids, count, value, ids, mask);
}

void mask_of_rows(const Exec& exec, const MaskShape& s, const float* x, float* mask) {
  if (s.rows == 0) return;
  if (s.columns <= kThreadClasses) {
    launch(exec, rows_launch<1>(s.rows), compare_rows<1>, s, x, mask);
  } else {
    launch(exec, rows_launch<32>(s.rows), compare_rows<32>, s, x, mask);
  }
}

void mask_rows(const Exec& exec, const MaskShape& s, const float* x, const float* mask, float* y) {
  for_pieces(exec, s.rows * s.columns, s.columns % 4 == 0 && aligned16(x, y),
             KeepRows{s.columns, x, mask, y});
}

void mask_weights(const Exec& exec, int64_t rows, const float* mask, const float* weight,
                  float* weights, double* valid) {
  launch(exec, {1, kCounters}, count_rows, rows, mask, valid);
  if (rows == 0) return;
  launch(exec, flat_launch(rows), weigh_rows, rows, mask, weight, valid, weights);
}

}  // namespace brasa::cuda
