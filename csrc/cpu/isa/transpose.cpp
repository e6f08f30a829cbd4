// Planes of two axes: y's last one, along which y is dense, and the one along which x is. Where they are the
// same, rows are copied. Otherwise squares of `width` x `width` turn in registers.
#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// y[row, column] = x[row * x_row + column * x_column] in a plane; rows of y lie y_row apart.
struct Plane {
  int64_t rows, columns, x_row, x_column, y_row;
  int row_axis;
};

Plane plane_of(const TransposeShape& s) {
  const int last = s.rank - 1;
  int row = last - 1;  // copied rows: of the two axes that move fastest in y
  for (int axis = 0; axis < last; ++axis) {
    if (s.strides[last] != 1 && s.strides[axis] == 1) row = axis;
  }
  Plane p{1, s.extents[last], 0, s.strides[last], 0, row};
  if (row < 0) return p;
  p.rows = s.extents[row], p.x_row = s.strides[row], p.y_row = 1;
  for (int axis = row + 1; axis <= last; ++axis) p.y_row *= s.extents[axis];
  return p;
}

struct Origin {
  int64_t x, y;
};

// Where plane `i` begins in x and y: the planes come in the order of y.
Origin origin_of(const TransposeShape& s, const Plane& p, int64_t i) {
  Origin origin{0, 0};
  int64_t y_step = p.columns;
  for (int axis = s.rank - 2; axis >= 0; --axis) {
    if (axis != p.row_axis) {
      origin.x += i % s.extents[axis] * s.strides[axis];
      origin.y += i % s.extents[axis] * y_step;
      i /= s.extents[axis];
    }
    y_step *= s.extents[axis];
  }
  return origin;
}

// A thread's piece of a plane: of y up to 64 lines of 4 of the cache, and as many of x.
constexpr int64_t kSide = 64;

BRASA_INLINE int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

BRASA_INLINE void turn(const Plane& p, Range rows, Range columns, const float* x, float* y) {
  each_piece(columns.begin, columns.end, [&](Piece column) BRASA_INLINE_LAMBDA {
    each_piece(rows.begin, rows.end, [&](Piece row) BRASA_INLINE_LAMBDA {
      Vec square[Vec::width];
      for (int i = 0; i < Vec::width; ++i) {
        square[i] = i < column.n ? load(x + (column.at + i) * p.x_column, row) : Vec::zero();
      }
      transpose(square);
      for (int i = 0; i < row.n; ++i) store(square[i], y + (row.at + i) * p.y_row, column);
    });
  });
}

void copy(const Plane& p, Range rows, Range columns, const float* x, float* y) {
  const auto bytes = static_cast<size_t>(columns.end - columns.begin) * sizeof(float);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    memcpy(y + row * p.y_row + columns.begin, x + row * p.x_row + columns.begin, bytes);
  }
}

}  // namespace

void transpose(const Exec& exec, const TransposeShape& s, const float* x, float* y) {
  int64_t count = 1;
  for (int axis = 0; axis < s.rank; ++axis) count *= s.extents[axis];
  if (count == 0) return;
  const Plane p = plane_of(s);
  const bool copies = p.x_column == 1;
  const int64_t width = copies ? 16 * kSide : kSide;
  const int64_t down = (p.rows + kSide - 1) / kSide, across = (p.columns + width - 1) / width;
  const int64_t planes = count / (p.rows * p.columns);
  for (const Range mine : exec.portions(planes * down * across, 2)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      const Origin from = origin_of(s, p, i / (down * across));
      const int64_t row = i / across % down * kSide, column = i % across * width;
      const Range rows{row, at_most(row + kSide, p.rows)};
      const Range columns{column, at_most(column + width, p.columns)};
      if (copies) {
        copy(p, rows, columns, x + from.x, y + from.y);
      } else {
        turn(p, rows, columns, x + from.x, y + from.y);
      }
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
