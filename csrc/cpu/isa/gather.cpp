#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Plain loops: the compiler vectorises the conversions, and a conversion has only one result.
template <class From>
void convert(int64_t count, const From* BRASA_RESTRICT x, float* BRASA_RESTRICT y) {
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(x[i]);
}

template <class T>
void copy(int64_t count, const T* x, T* y) {
  memcpy(y, x, static_cast<size_t>(count) * sizeof(T));
}

template <class From, class To>
BRASA_INLINE void gather_as(const Exec& exec, const GatherShape& shape, const void* x,
                            const int64_t* index, void* y,
                            void (*move)(int64_t count, const From* x, To* y)) {
  const From* from = static_cast<const From*>(x);
  To* to = static_cast<To*>(y);
  const int64_t columns = shape.columns;
  const Range range = exec.share(shape.rows * columns, kFlatGrain);
  each_row_part(range, columns, [&](int64_t row, int64_t column, int64_t length) {
    const int64_t source = index == nullptr ? row : index[row];
    move(length, from + source * columns + column, to + row * columns + column);
  });
}

}  // namespace

void gather(const Exec& exec, const GatherShape& shape, const void* x, const int64_t* index,
            void* y) {
  switch (shape.source) {
    case DType::kFloat32: return gather_as(exec, shape, x, index, y, copy<float>);
    case DType::kInt32: return gather_as(exec, shape, x, index, y, copy<int32_t>);
    case DType::kFloat64: return gather_as(exec, shape, x, index, y, convert<double>);
    case DType::kUint8: return gather_as(exec, shape, x, index, y, convert<uint8_t>);
    case DType::kInt64: return;  // not a source, see the contract
  }
}

}  // namespace brasa::cpu::BRASA_ISA
