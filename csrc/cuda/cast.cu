#include "ops/cast.h"

#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

__device__ __forceinline__ int32_t whole(float x) {
  if (x >= 0x1p31f) return INT32_MAX;
  if (x <= -0x1p31f) return INT32_MIN;
  return x == x ? static_cast<int32_t>(x) : 0;
}

__global__ void to_floats(int64_t count, const int32_t* x, Out<float> y) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) y[i] = static_cast<float>(x[i]);
}

__global__ void to_ints(int64_t count, const float* x, Out<int32_t> y) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) y[i] = whole(x[i]);
}

}  // namespace

void cast_float(const Exec& exec, int64_t count, const int32_t* x, float* y) {
  if (count > 0) launch(exec, flat_launch(count), to_floats, count, x, y);
}

void cast_int(const Exec& exec, int64_t count, const float* x, int32_t* y) {
  if (count > 0) launch(exec, flat_launch(count), to_ints, count, x, y);
}

}  // namespace brasa::cuda
