#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

void add(const Exec& exec, int64_t count, const Addends& addends, float* y) {
  const Range range = exec.share(count, kFlatGrain);
  const float *first = addends.x[0], *second = addends.x[1];
  if (addends.count == 2) {  // nearly always: a residual, or a gradient of two paths
    each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(load(first, piece) + load(second, piece), y, piece);
    });
    return;
  }
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = load(first, piece);
    for (int j = 1; j < addends.count; ++j) sum = sum + load(addends.x[j], piece);
    store(sum, y, piece);
  });
}

void multiply(const Exec& exec, int64_t count, const float* a, const float* b, float* y) {
  const Range range = exec.share(count, kFlatGrain);
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(load(a, piece) * load(b, piece), y, piece);
  });
}

void scale(const Exec& exec, int64_t count, float factor, float offset, const float* x, float* y) {
  const Range range = exec.share(count, kFlatGrain);
  const Vec product = Vec::all(factor), sum = Vec::all(offset);
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(fma(load(x, piece), product, sum), y, piece);
  });
}

void copy_rows(const Exec& exec, const CopyRowsShape& shape, const float* src, float* dst) {
  const Range range = exec.share(shape.rows * shape.columns, kFlatGrain);
  each_row_part(range, shape.columns, [&](int64_t row, int64_t column, int64_t length) {
    memcpy(dst + row * shape.dst_stride + column, src + row * shape.src_stride + column,
           static_cast<size_t>(length) * sizeof(float));
  });
}

}  // namespace brasa::cpu::BRASA_ISA
