#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

template <class To, class From>
__global__ void gather_rows(GatherShape shape, const From* x, const int64_t* index, Out<To> y) {
  const int64_t count = shape.rows * shape.columns;
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) {
    const int64_t row = i / shape.columns, column = i % shape.columns;
    const int64_t from = index == nullptr ? row : index[row];
    y[i] = static_cast<To>(x[from * shape.columns + column]);
  }
}

template <class To, class From>
void run(const Exec& exec, const GatherShape& shape, const void* x, const int64_t* index, void* y) {
  const int64_t count = shape.rows * shape.columns;
  if (count == 0) return;
  launch(exec, flat_launch(count), gather_rows<To, From>, shape, static_cast<const From*>(x), index,
         static_cast<To*>(y));
}

}  // namespace

void gather(const Exec& exec, const GatherShape& shape, const void* x, const int64_t* index,
            void* y) {
  switch (shape.source) {
    case DType::kFloat32: return run<float, float>(exec, shape, x, index, y);
    case DType::kFloat64: return run<float, double>(exec, shape, x, index, y);
    case DType::kUint8: return run<float, uint8_t>(exec, shape, x, index, y);
    case DType::kInt32: return run<int32_t, int32_t>(exec, shape, x, index, y);
    case DType::kInt64: return;  // not a source, see the contract
  }
}

}  // namespace brasa::cuda
