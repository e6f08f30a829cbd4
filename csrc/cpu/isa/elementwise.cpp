#include <string.h>

#include "cpu/isa/activate.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

void add(const Exec& exec, int64_t count, const Addends& addends, Activation activation, float* y) {
  const Range range = exec.share(count, kFlatGrain);
  const float *first = addends.x[0], *second = addends.x[1];
  // Two are what nearly always comes: a residual, or a gradient from two paths.
  const bool two = addends.count == 2, far = two && worth_streaming(count, y, first, second);
  const Vec slope = Vec::all(activation.alpha);
  with_activation(activation.kind, [&](auto tag) {
    if (two) {
      map(range, y, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
        return activate<decltype(tag)::kind>(load(first, piece) + load(second, piece), slope);
      });
    } else {
      map(range, y, false, [&](Piece piece) BRASA_INLINE_LAMBDA {
        Vec sum = load(first, piece);
        for (int j = 1; j < addends.count; ++j) sum = sum + load(addends.x[j], piece);
        return activate<decltype(tag)::kind>(sum, slope);
      });
    }
  });
}

void multiply(const Exec& exec, int64_t count, const float* a, const float* b, float* y) {
  const Range range = exec.share(count, kFlatGrain);
  map(range, y, worth_streaming(count, y, a, b),
      [&](Piece piece) BRASA_INLINE_LAMBDA { return load(a, piece) * load(b, piece); });
}

void scale(const Exec& exec, int64_t count, float factor, float offset, const float* x, float* y) {
  const Range range = exec.share(count, kFlatGrain);
  const Vec product = Vec::all(factor), sum = Vec::all(offset);
  map(range, y, worth_streaming(count, y, x),
      [&](Piece piece) BRASA_INLINE_LAMBDA { return fma(load(x, piece), product, sum); });
}

void copy_rows(const Exec& exec, const CopyRowsShape& shape, const float* src, float* dst) {
  const Range range = exec.share(shape.groups * shape.rows * shape.columns, kFlatGrain);
  each_row_part(range, shape.columns, [&](int64_t row, int64_t column, int64_t length) {
    const int64_t group = shape.groups == 1 ? 0 : row / shape.rows;
    row -= group * shape.rows;
    memcpy(dst + group * shape.dst_group + row * shape.dst_stride + column,
           src + group * shape.src_group + row * shape.src_stride + column,
           static_cast<size_t>(length) * sizeof(float));
  });
}

void place_rows(const Exec& exec, const PlaceRowsShape& shape, const float* src, float* dst) {
  const Range range = exec.share(shape.rows * shape.width, kFlatGrain);
  const int64_t first = shape.first, last = shape.first + shape.columns;
  each_row_part(range, shape.width, [&](int64_t row, int64_t column, int64_t length) {
    float* to = dst + row * shape.width;
    const int64_t end = column + length;
    const int64_t begin = column < first ? first : column, stop = end < last ? end : last;
    memset(to + column, 0, static_cast<size_t>(length) * sizeof(float));
    if (begin >= stop) return;
    memcpy(to + begin, src + row * shape.columns + (begin - first),
           static_cast<size_t>(stop - begin) * sizeof(float));
  });
}

}  // namespace brasa::cpu::BRASA_ISA
