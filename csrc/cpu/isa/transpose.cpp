// Planes of two axes: y's last one, along which y is dense, and the one along which x is. Where they are the
// same, rows are copied. Otherwise squares of `width` x `width` turn in registers.
#include <string.h>

#include "cpu/isa/claim.h"
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

// The sides of a piece of a plane that stays in the nearest cache: 16 KB of x, and of y.
constexpr int64_t kSide = 64;
// Larger results are written past the caches by whole lines: a piece is then one line wide and long, so that x
// is read in 16 streams. 2048 x 2048 on Sapphire Rapids: 1.8 GB/s in squares of 64, 3.6 streamed, 12.3
// streamed and long. 512 x 512, which stays in the cache: 16.0, 15.8 and 13.9.
constexpr int64_t kStreamedFloats = int64_t{1} << 21;
constexpr int64_t kLong = 4096;

bool streams(const Plane& p, int64_t count, const float* y) {
  return count >= kStreamedFloats && p.columns % kLine == 0 &&
         reinterpret_cast<uintptr_t>(y) % 64 == 0;
}

// What does not stay in a second-level cache.
constexpr int64_t kFarFloats = int64_t{1} << 18;

BRASA_INLINE int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

BRASA_INLINE void load_turned(const Plane& p, Piece row, Piece column, const float* x,
                              Vec (&square)[Vec::width]) {
  BRASA_UNROLL_ALL
  for (int i = 0; i < Vec::width; ++i) {
    square[i] = i < column.n ? load(x + (column.at + i) * p.x_column, row) : Vec::zero();
  }
  transpose(square);
}

// A square touches a few lines of many rows, which no hardware foresees: all are called for at once. One core of
// Sapphire Rapids: 600 x 500 1.0 -> 0.18 ms, 1500 x 1100 4.9 -> 3.8, 3000 x 2001 20 -> 12.
BRASA_INLINE void call_for(const Plane& p, Range rows, Range columns, const float* x,
                           const float* y) {
  for (int64_t j = columns.begin; j < columns.end; ++j) {
    for (int64_t i = rows.begin; i < rows.end; i += kLine) {
      __builtin_prefetch(x + j * p.x_column + i);
    }
  }
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = columns.begin; j < columns.end; j += kLine) claim(y + i * p.y_row + j);
  }
}

void turn(const Plane& p, Range rows, Range columns, const float* x, float* y) {
  each_piece(rows.begin, rows.end, [&](Piece row) BRASA_INLINE_LAMBDA {
    each_piece(columns.begin, columns.end, [&](Piece column) BRASA_INLINE_LAMBDA {
      Vec square[Vec::width];
      load_turned(p, row, column, x, square);
      BRASA_UNROLL_ALL
      for (int i = 0; i < row.n; ++i) store(square[i], y + (row.at + i) * p.y_row, column);
    });
  });
}

// One line of each row of y: vectors that are a part of it only follow each other.
void turn_streamed(const Plane& p, Range rows, Range columns, const float* x, float* y) {
  constexpr int parts = kLine / Vec::width;
  each_piece(rows.begin, rows.end, [&](Piece row) BRASA_INLINE_LAMBDA {
    Vec squares[parts][Vec::width];
    BRASA_UNROLL_ALL
    for (int k = 0; k < parts; ++k) {
      load_turned(p, row, {columns.begin + k * Vec::width, Vec::width}, x, squares[k]);
    }
    BRASA_UNROLL_ALL
    for (int i = 0; i < row.n; ++i) {
      float* line = y + (row.at + i) * p.y_row + columns.begin;
      BRASA_UNROLL_ALL
      for (int k = 0; k < parts; ++k) squares[k][i].stream(line + k * Vec::width);
    }
  });
  stream_fence();
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
  const bool copies = p.x_column == 1, streamed = !copies && streams(p, count, y);
  const bool far = count >= kFarFloats;
  const int64_t height = streamed ? kLong : kSide;
  const int64_t width = copies ? 16 * kSide : streamed ? kLine : kSide;
  const int64_t down = (p.rows + height - 1) / height, across = (p.columns + width - 1) / width;
  const int64_t planes = count / (p.rows * p.columns);
  for (const Range mine : exec.portions(planes * down * across, 2)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      const Origin from = origin_of(s, p, i / (down * across));
      const int64_t row = i / across % down * height, column = i % across * width;
      const Range rows{row, at_most(row + height, p.rows)};
      const Range columns{column, at_most(column + width, p.columns)};
      if (far && !copies && !streamed) call_for(p, rows, columns, x + from.x, y + from.y);
      const auto move = copies ? copy : streamed ? turn_streamed : turn;
      move(p, rows, columns, x + from.x, y + from.y);
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
