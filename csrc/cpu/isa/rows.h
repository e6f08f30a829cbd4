// Kernels that reduce along the rows of a (rows, classes) matrix, written once for two layouts:
//
//   AlongRow  one row at a time, its classes along the lanes; the last vector is partial
//   ByLane    `width` rows at a time, one per lane, transposed in registers into a tile: every lane is
//             busy however few the classes are, and a reduction over a row needs no step across lanes
//
// A kernel walks a row with each(), reads and writes with load() and store() of pieces.h, and
// combines with sum() and largest(), which give every lane the result for its own row. pick() and
// add_to() reach the one class that a label names.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

// Up to here ByLane is faster: softmax cross-entropy, AVX2, 13 against 31 ns a row at 10 classes, 22
// against 34 at 32.
constexpr int64_t kTileClasses = 32;

// A sum of many vectors: the parts keep its rounding error that of some hundred terms, whatever the
// length of the row.
class LongSum {
 public:
  BRASA_INLINE void add(Vec v) {
    part_ = part_ + v;
    if (++terms_ % 64 == 0) {
      total_ = total_ + part_;
      part_ = Vec::zero();
    }
  }
  BRASA_INLINE Vec result() const { return total_ + part_; }

 private:
  Vec part_ = Vec::zero(), total_ = Vec::zero();
  int terms_ = 0;
};

struct AlongRow {
  int64_t classes;

  template <class F>
  BRASA_INLINE void each(F f) const {
    each_piece(0, classes, f);
  }
  BRASA_INLINE static VecInt class_of(Piece piece) {
    return VecInt::lane_index() + VecInt::all(static_cast<int32_t>(piece.at));
  }
  BRASA_INLINE static Vec sum(const LongSum& v) { return Vec::all(BRASA_ISA::sum(v.result())); }
  BRASA_INLINE static Vec largest(Vec v) { return Vec::all(maximum(v)); }
  BRASA_INLINE static Vec pick(const float* x, const int32_t* label) { return Vec::all(x[*label]); }
  BRASA_INLINE static void add_to(float* x, const int32_t* label, Vec v) {
    x[*label] += first_lane(v);
  }
};

struct ByLane {
  int64_t classes;
  int64_t rows;  // how many lanes have one

  template <class F>
  BRASA_INLINE void each(F f) const {
    for (int64_t j = 0; j < classes; ++j) f(Piece{j * Vec::width, Vec::width});
  }
  BRASA_INLINE static VecInt class_of(Piece piece) {
    return VecInt::all(static_cast<int32_t>(piece.at / Vec::width));
  }
  BRASA_INLINE static Vec sum(const LongSum& v) { return v.result(); }
  BRASA_INLINE static Vec largest(Vec v) { return v; }
  BRASA_INLINE Vec pick(const float* x, const int32_t* labels) const {
    float picked[Vec::width] = {};
    for (int64_t i = 0; i < rows; ++i) picked[i] = x[labels[i] * Vec::width + i];
    return Vec::load(picked);
  }
  BRASA_INLINE void add_to(float* x, const int32_t* labels, Vec v) const {
    float added[Vec::width];
    v.store(added);
    for (int64_t i = 0; i < rows; ++i) x[labels[i] * Vec::width + i] += added[i];
  }
};

// f(first row, number of rows) for tiles of Vec::width rows, and one of fewer at the end.
template <class F>
BRASA_INLINE void each_tile(Range range, F f) {
  for (int64_t i = range.begin; i < range.end; i += Vec::width) {
    f(i, range.end - i < Vec::width ? range.end - i : Vec::width);
  }
}

// Rows of at most kTileClasses, as ByLane walks them: class j of row i at value[j * width + i].
struct alignas(64) Tile {
  float value[kTileClasses * Vec::width];

  // `rows` rows at x, at most Vec::width; the other lanes become 0.
  void read(const float* x, int64_t classes, int64_t rows) {
    if (classes == 1) return Vec::load_partial(x, static_cast<int>(rows)).store(value);
    each_block(classes, [&](int64_t first, int n) BRASA_INLINE_LAMBDA {
      Vec v[Vec::width];
      load_short_rows(x, classes, rows, {first, n}, v);
      transpose(v);
      BRASA_UNROLL_ALL
      for (int i = 0; i < Vec::width; ++i) {
        if (i < n) v[i].store(value + (first + i) * Vec::width);
      }
    });
  }

  void write(float* x, int64_t classes, int64_t rows) const {
    if (classes == 1) return Vec::load(value).store_partial(x, static_cast<int>(rows));
    each_block(classes, [&](int64_t first, int n) BRASA_INLINE_LAMBDA {
      Vec v[Vec::width];
      BRASA_UNROLL_ALL
      for (int i = 0; i < Vec::width; ++i) {
        v[i] = i < n ? Vec::load(value + (first + i) * Vec::width) : Vec::zero();
      }
      transpose(v);
      // Short rows spill over into the next ones, which are written behind them; whole stores are
      // cheaper than partial ones.
      const int64_t end = rows * classes - first;
      BRASA_UNROLL_ALL
      for (int i = 0; i < Vec::width; ++i) {
        if (i * classes + Vec::width <= end) {
          v[i].store(x + i * classes + first);
        } else if (i < rows) {
          v[i].store_partial(x + i * classes + first, n);
        }
      }
    });
  }

 private:
  // Blocks of Vec::width classes. The last one overlaps its neighbour where the classes fill a vector,
  // so that only rows shorter than a vector need partial loads.
  template <class F>
  BRASA_INLINE static void each_block(int64_t classes, F f) {
    if (classes < Vec::width) return f(0, static_cast<int>(classes));
    int64_t j = 0;
    for (; j + Vec::width <= classes; j += Vec::width) f(j, Vec::width);
    if (j < classes) f(classes - Vec::width, Vec::width);
  }
};

}  // namespace brasa::cpu::BRASA_ISA
