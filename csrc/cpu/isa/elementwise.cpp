#include <string.h>

#include "cpu/isa/activate.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Rows up to here are added as one line of floats: no vector is left half empty, and no loop is short.
// 65536 rows of 8 on Zen 3: 67 us, as scale takes; row by row a third more.
constexpr int64_t kShortRow = 64;
// Vectors of a line at least: fewer would be no loop.
constexpr int64_t kLineVectors = 16;

// The line is the bias over and over: a multiple of the vector and of the row.
template <class F>
void add_bias_to_short_rows(Range rows, int64_t columns, const float* x, const float* b, float* y,
                            F f) {
  alignas(64) float line[kShortRow * Vec::width];
  const int64_t repeats = columns < kLineVectors ? kLineVectors / columns : 1;
  const int64_t period = repeats * columns * Vec::width, end = rows.end * columns;
  for (int64_t j = 0; j < period; ++j) line[j] = j < columns ? b[j] : line[j - columns];
  for (int64_t i = rows.begin * columns; i < end; i += period) {
    each_piece(0, end - i < period ? end - i : period, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(f(load(x + i, piece) + Vec::load(line + piece.at)), y + i, piece);
    });
  }
}

}  // namespace

void add(const Exec& exec, int64_t count, const Addends& addends, Activation activation, float* y) {
  const float *first = addends.x[0], *second = addends.x[1];
  // Two are what nearly always comes: a residual, or a gradient from two paths.
  const bool two = addends.count == 2, far = two && worth_streaming(count, y, first, second);
  const Vec slope = Vec::all(activation.alpha);
  with_activation(activation.kind, [&](auto tag) {
    for (const Range mine : flat_portions(exec, count)) {
      if (two) {
        map(mine, y, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
          return activate<decltype(tag)::kind>(load(first, piece) + load(second, piece), slope);
        });
      } else {
        map(mine, y, false, [&](Piece piece) BRASA_INLINE_LAMBDA {
          Vec sum = load(first, piece);
          for (int j = 1; j < addends.count; ++j) sum = sum + load(addends.x[j], piece);
          return activate<decltype(tag)::kind>(sum, slope);
        });
      }
    }
  });
}

void add_bias(const Exec& exec, const AddBiasShape& s, const float* x, const float* b, float* y) {
  if (s.columns == 0) return;
  const Vec slope = Vec::all(s.activation.alpha);
  with_activation(s.activation.kind, [&](auto tag) {
    const auto f = [&](Vec sum)
                       BRASA_INLINE_LAMBDA { return activate<decltype(tag)::kind>(sum, slope); };
    for (const Range rows : row_portions(exec, s.rows, s.columns)) {
      if (s.columns <= kShortRow) {
        add_bias_to_short_rows(rows, s.columns, x, b, y, f);
        continue;
      }
      for (int64_t i = rows.begin * s.columns; i < rows.end * s.columns; i += s.columns) {
        each_piece(0, s.columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
          store(f(load(x + i, piece) + load(b, piece)), y + i, piece);
        });
      }
    }
  });
}

void multiply(const Exec& exec, int64_t count, const float* a, const float* b, float* y) {
  const bool far = worth_streaming(count, y, a, b);
  for (const Range mine : flat_portions(exec, count)) {
    map(mine, y, far,
        [&](Piece piece) BRASA_INLINE_LAMBDA { return load(a, piece) * load(b, piece); });
  }
}

void scale(const Exec& exec, int64_t count, float factor, float offset, const float* x, float* y) {
  const bool far = worth_streaming(count, y, x);
  const Vec product = Vec::all(factor), sum = Vec::all(offset);
  for (const Range mine : flat_portions(exec, count)) {
    map(mine, y, far,
        [&](Piece piece) BRASA_INLINE_LAMBDA { return fma(load(x, piece), product, sum); });
  }
}

void copy_rows(const Exec& exec, const CopyRowsShape& shape, const float* src, float* dst) {
  const auto copy = [&](int64_t row, int64_t column, int64_t length) {
    const int64_t group = shape.groups == 1 ? 0 : row / shape.rows;
    row -= group * shape.rows;
    memcpy(dst + group * shape.dst_group + row * shape.dst_stride + column,
           src + group * shape.src_group + row * shape.src_stride + column,
           static_cast<size_t>(length) * sizeof(float));
  };
  for (const Range mine : flat_portions(exec, shape.groups * shape.rows * shape.columns)) {
    each_row_part(mine, shape.columns, copy);
  }
}

void place_rows(const Exec& exec, const PlaceRowsShape& shape, const float* src, float* dst) {
  const int64_t first = shape.first, last = shape.first + shape.columns;
  const auto place = [&](int64_t row, int64_t column, int64_t length) {
    float* to = dst + row * shape.width;
    const int64_t end = column + length;
    const int64_t begin = column < first ? first : column, stop = end < last ? end : last;
    memset(to + column, 0, static_cast<size_t>(length) * sizeof(float));
    if (begin >= stop) return;
    memcpy(to + begin, src + row * shape.columns + (begin - first),
           static_cast<size_t>(stop - begin) * sizeof(float));
  };
  for (const Range mine : flat_portions(exec, shape.rows * shape.width)) {
    each_row_part(mine, shape.width, place);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
