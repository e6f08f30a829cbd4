#include "ref/kernels.h"

namespace brasa::ref {
namespace {

template <class To, class From>
void gather_rows(const GatherShape& shape, const void* x, const int64_t* index, void* y) {
  const From* from = static_cast<const From*>(x);
  To* to = static_cast<To*>(y);
  for (int64_t i = 0; i < shape.rows; ++i) {
    const int64_t row = index == nullptr ? i : index[i];
    for (int64_t j = 0; j < shape.columns; ++j) {
      to[i * shape.columns + j] = static_cast<To>(from[row * shape.columns + j]);
    }
  }
}

}  // namespace

void gather(const Exec& exec, const GatherShape& shape, const void* x, const int64_t* index,
            void* y) {
  if (exec.thread != 0) return;
  switch (shape.source) {
    case DType::kFloat32: return gather_rows<float, float>(shape, x, index, y);
    case DType::kFloat64: return gather_rows<float, double>(shape, x, index, y);
    case DType::kUint8: return gather_rows<float, uint8_t>(shape, x, index, y);
    case DType::kInt32: return gather_rows<int32_t, int32_t>(shape, x, index, y);
    case DType::kInt64: return;  // not a source, see the contract
  }
}

}  // namespace brasa::ref
