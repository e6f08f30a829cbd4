#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"
#include "cpu/isa/walk.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Rows below this that fill no whole number of vectors are laid side by side first.
constexpr int64_t kShortRow = 64;
// Floats of such a tile: it, and what it is made of, stay in the nearest cache.
constexpr int64_t kTile = 1024;

struct Operands {
  const float *a, *b;
  float* y;
};

template <BroadcastKind kind>
BRASA_INLINE Vec join(Vec a, Vec b) {
  switch (kind) {
    case BroadcastKind::kAdd: return a + b;
    case BroadcastKind::kSubtract: return a - b;
    case BroadcastKind::kMultiply: return a * b;
    case BroadcastKind::kDivide: return a / b;
    // max() and min() give back b where either is NaN.
    case BroadcastKind::kMaximum: return select(is_nan(a), a, max(a, b));
    case BroadcastKind::kMinimum: return select(is_nan(a), a, min(a, b));
    case BroadcastKind::kShare:
      return select(a > b, Vec::all(1.f),
                    select(a == b, Vec::all(0.5f), select(b > a, Vec::zero(), a + b)));
    case BroadcastKind::kGate: return select(b == Vec::zero(), Vec::zero(), a * b);
    case BroadcastKind::kEqual: return select(a == b, Vec::all(1.f), Vec::zero());
    case BroadcastKind::kLess: return select(b > a, Vec::all(1.f), Vec::zero());
    case BroadcastKind::kLessEqual: return select(b >= a, Vec::all(1.f), Vec::zero());
    case BroadcastKind::kCopy: return a;
  }
  return a;
}

// A piece of an operand along the last axis, where it has stride 1 or 0.
template <int step>
BRASA_INLINE Vec along(const float* p, Piece piece) {
  return step == 1 ? load(p, piece) : Vec::all(*p);
}

template <BroadcastKind kind, int step_a, int step_b>
void join_rows(const Exec& exec, const BroadcastShape& s, const Operands& of) {
  const int64_t columns = s.extents[s.rank - 1], rows = extent_of(s.extents, 0, s.rank - 1);
  const bool streaming =
      columns % Vec::width == 0 && worth_streaming(rows * columns, of.y, of.a, of.b);
  for (const Range mine : flat_portions(exec, rows * columns)) {
    Walk walk({s.extents, s.a, s.b, s.rank - 1}, mine.begin / columns);
    each_row_part(mine, columns, [&](int64_t row, int64_t column, int64_t length) {
      const float *a = of.a + walk.a, *b = of.b + walk.b;
      float* y = of.y + row * columns;
      if (streaming) {
        for (int64_t i = column; i < column + length; i += Vec::width) {
          const Piece piece = {i, Vec::width};
          join<kind>(along<step_a>(a, piece), along<step_b>(b, piece)).stream(y + i);
        }
      } else {
        each_piece(column, column + length, [&](Piece piece) BRASA_INLINE_LAMBDA {
          store(join<kind>(along<step_a>(a, piece), along<step_b>(b, piece)), y, piece);
        });
      }
      walk.next();
    });
  }
  if (streaming) stream_fence();
}

bool is_dense(const BroadcastShape& s, const int64_t* strides) {
  for (int axis = 0; axis < s.rank; ++axis) {
    if (strides[axis] == 0) return false;
  }
  return true;
}

// Lays `count` rows of a tile side by side.
BRASA_INLINE void lay_out(const float* row, int64_t stride, int64_t columns, float* tile) {
  if (stride == 1) {
    for (int64_t j = 0; j < columns; ++j) tile[j] = row[j];
  } else {
    for (int64_t j = 0; j < columns; ++j) tile[j] = *row;
  }
}

template <BroadcastKind kind>
void join_short_rows(const Exec& exec, const BroadcastShape& s, const Operands& of) {
  alignas(64) float left[kTile], right[kTile];
  const int last = s.rank - 1;
  const int64_t columns = s.extents[last], tile = kTile / columns;
  const bool lay_a = !is_dense(s, s.a), lay_b = kind != BroadcastKind::kCopy && !is_dense(s, s.b);
  for (const Range rows : row_portions(exec, extent_of(s.extents, 0, last), columns)) {
    Walk walk({s.extents, s.a, s.b, last}, rows.begin);
    for (int64_t row = rows.begin; row < rows.end; row += tile) {
      const int64_t count = rows.end - row < tile ? rows.end - row : tile;
      for (int64_t i = 0; i < count; ++i, walk.next()) {
        if (lay_a) lay_out(of.a + walk.a, s.a[last], columns, left + i * columns);
        if (lay_b) lay_out(of.b + walk.b, s.b[last], columns, right + i * columns);
      }
      const float* a = lay_a ? left : of.a + row * columns;
      const float* b = lay_b ? right : of.b + row * columns;
      each_piece(0, count * columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
        const Vec other = kind == BroadcastKind::kCopy ? Vec::zero() : load(b, piece);
        store(join<kind>(load(a, piece), other), of.y + row * columns, piece);
      });
    }
  }
}

template <BroadcastKind kind>
void join_all(const Exec& exec, const BroadcastShape& s, const Operands& of) {
  const int64_t columns = s.extents[s.rank - 1];
  if (columns < kShortRow && columns % Vec::width != 0) {
    return join_short_rows<kind>(exec, s, of);
  }
  const bool each_a = s.a[s.rank - 1] == 1;
  if (s.b[s.rank - 1] == 0) {
    return each_a ? join_rows<kind, 1, 0>(exec, s, of) : join_rows<kind, 0, 0>(exec, s, of);
  }
  return each_a ? join_rows<kind, 1, 1>(exec, s, of) : join_rows<kind, 0, 1>(exec, s, of);
}

}  // namespace

void broadcast(const Exec& exec, const BroadcastShape& s, const float* a, const float* b,
               float* y) {
  if (extent_of(s.extents, 0, s.rank) == 0) return;
  switch (s.kind) {
    case BroadcastKind::kAdd: return join_all<BroadcastKind::kAdd>(exec, s, {a, b, y});
    case BroadcastKind::kSubtract: return join_all<BroadcastKind::kSubtract>(exec, s, {a, b, y});
    case BroadcastKind::kMultiply: return join_all<BroadcastKind::kMultiply>(exec, s, {a, b, y});
    case BroadcastKind::kDivide: return join_all<BroadcastKind::kDivide>(exec, s, {a, b, y});
    case BroadcastKind::kMaximum: return join_all<BroadcastKind::kMaximum>(exec, s, {a, b, y});
    case BroadcastKind::kMinimum: return join_all<BroadcastKind::kMinimum>(exec, s, {a, b, y});
    case BroadcastKind::kShare: return join_all<BroadcastKind::kShare>(exec, s, {a, b, y});
    case BroadcastKind::kGate: return join_all<BroadcastKind::kGate>(exec, s, {a, b, y});
    case BroadcastKind::kEqual: return join_all<BroadcastKind::kEqual>(exec, s, {a, b, y});
    case BroadcastKind::kLess: return join_all<BroadcastKind::kLess>(exec, s, {a, b, y});
    case BroadcastKind::kLessEqual: return join_all<BroadcastKind::kLessEqual>(exec, s, {a, b, y});
    case BroadcastKind::kCopy: return join_all<BroadcastKind::kCopy>(exec, s, {a, a, y});
  }
}

}  // namespace brasa::cpu::BRASA_ISA
