// A range of elements cut into vectors: whole ones, and one partial piece at the end. Body and tail run
// the same vector code, so an element's bits do not depend on where a thread's range ends.
#pragma once

#include "core/exec.h"
#include "cpu/simd/vec.h"

// For lambdas: one that is called twice (body and tail) would otherwise stay a function.
#define BRASA_INLINE_LAMBDA __attribute__((always_inline))

namespace brasa::cpu::BRASA_ISA {

// Threads cut flat work at multiples of one page of float32: no two of them share a cache line.
constexpr int64_t kFlatGrain = 1024;
// What they take at once at least, where there is so much: a microsecond's work, or more.
constexpr int64_t kFlatPiece = 8 * kFlatGrain;

BRASA_INLINE Portions flat_portions(const Exec& exec, int64_t count) {
  return exec.portions(count, kFlatPiece, kFlatGrain);
}
// Whole rows of a matrix.
BRASA_INLINE Portions row_portions(const Exec& exec, int64_t rows, int64_t columns) {
  return exec.portions(rows, 1 + kFlatPiece / (columns + 1));
}

struct Piece {
  int64_t at;  // the first element
  int n;       // how many elements, 1 to Vec::width
};

// f(Piece) for all of [begin, end), in order.
template <class F>
BRASA_INLINE void each_piece(int64_t begin, int64_t end, F f) {
  int64_t i = begin;
  for (; i + Vec::width <= end; i += Vec::width) f(Piece{i, Vec::width});
  if (i < end) f(Piece{i, static_cast<int>(end - i)});
}

// Cuts a range of the elements of a matrix at the ends of its rows: f(row, column, length). Sharing out
// elements and not rows lets all threads work on few long rows too.
template <class F>
BRASA_INLINE void each_row_part(Range range, int64_t columns, F f) {
  if (range.begin >= range.end) return;
  int64_t row = range.begin / columns, column = range.begin % columns;
  for (int64_t left = range.end - range.begin; left > 0; ++row, column = 0) {
    const int64_t length = columns - column < left ? columns - column : left;
    f(row, column, length);
    left -= length;
  }
}

// Lanes past the piece are 0 or, where it is given, `fill`.
BRASA_INLINE Vec load(const float* p, Piece piece) {
  if (piece.n == Vec::width) return Vec::load(p + piece.at);
  return Vec::load_partial(p + piece.at, piece.n);
}
BRASA_INLINE Vec load(const float* p, Piece piece, float fill) {
  if (piece.n == Vec::width) return Vec::load(p + piece.at);
  return select(Mask::first(piece.n), Vec::load_partial(p + piece.at, piece.n), Vec::all(fill));
}

BRASA_INLINE void store(Vec v, float* p, Piece piece) {
  if (piece.n == Vec::width) {
    v.store(p + piece.at);
  } else {
    v.store_partial(p + piece.at, piece.n);
  }
}

// v[i] = the n floats at row(i), or zeros where that is nullptr. Whole vectors go apart: else every row would
// make the mask of a part of one anew.
template <class F>
BRASA_INLINE void load_rows(int n, F row, Vec (&v)[Vec::width]) {
  const auto load_each = [&](auto load_row) BRASA_INLINE_LAMBDA {
    BRASA_UNROLL_ALL
    for (int i = 0; i < Vec::width; ++i) {
      const float* from = row(i);
      v[i] = from == nullptr ? Vec::zero() : load_row(from);
    }
  };
  if (n == Vec::width) {
    load_each([](const float* from) BRASA_INLINE_LAMBDA { return Vec::load(from); });
  } else {
    load_each([&](const float* from) BRASA_INLINE_LAMBDA { return Vec::load_partial(from, n); });
  }
}

// v[i] = x[i, piece] of `rows` rows, one behind the other, or zeros past them; lanes past the piece hold whatever
// comes next. For that, whole vectors: a row that is read in part alone, from memory, is waited for (sums of
// 200,000 rows of ten, two cores of Zen 5: 1.01 ms, with whole ones 0.29).
BRASA_INLINE void load_short_rows(const float* x, int64_t length, int64_t rows, Piece piece,
                                  Vec (&v)[Vec::width]) {
  const float* from = x + piece.at;
  const int64_t whole = rows * length - piece.at - Vec::width;
  BRASA_UNROLL_ALL
  for (int i = 0; i < Vec::width; ++i) {
    if (piece.n == Vec::width ? i < rows : i * length <= whole) {
      v[i] = Vec::load(from + i * length);
    } else {
      v[i] = i < rows ? Vec::load_partial(from + i * length, piece.n) : Vec::zero();
    }
  }
}

BRASA_INLINE VecInt load(const int32_t* p, Piece piece) {
  if (piece.n == Vec::width) return VecInt::load(p + piece.at);
  return VecInt::load_partial(p + piece.at, piece.n);
}
BRASA_INLINE void store(VecInt v, int32_t* p, Piece piece) {
  if (piece.n == Vec::width) {
    v.store(p + piece.at);
  } else {
    v.store_partial(p + piece.at, piece.n);
  }
}

// Whether a result is so large that its lines would be gone from the last-level cache before anyone reads
// them: stores past the caches then spare reading what is overwritten. ReLU of 32 MB on Zen 3, 32 MB
// of last-level cache: 2.8 ms, streamed 1.8; with the next reader 4.3 and 3.4; at 4 MB .23 and .33.
// Not in place: x is in the nearest cache, and y with it.
BRASA_INLINE bool worth_streaming(int64_t count, const float* y, const float* x0,
                                  const float* x1 = nullptr) {
  constexpr int64_t kMinFloats = int64_t{8} << 20;  // 32 MB
  return count >= kMinFloats && y != x0 && y != x1 && reinterpret_cast<uintptr_t>(y) % 64 == 0;
}

// y[range] = f(Piece). The range begins at a multiple of kFlatGrain.
template <class F>
BRASA_INLINE void map(Range range, float* y, bool streaming, F f) {
  if (!streaming) {
    each_piece(range.begin, range.end,
               [&](Piece piece) BRASA_INLINE_LAMBDA { store(f(piece), y, piece); });
    return;
  }
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    if (piece.n == Vec::width) {
      f(piece).stream(y + piece.at);
    } else {
      store(f(piece), y, piece);
    }
  });
  stream_fence();
}

// v, and 0 in the lanes past the piece.
BRASA_INLINE Vec keep(Vec v, Piece piece) {
  return piece.n == Vec::width ? v : select(Mask::first(piece.n), v, Vec::zero());
}

}  // namespace brasa::cpu::BRASA_ISA
