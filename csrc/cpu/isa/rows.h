// Kernels that reduce along the rows of a (rows, classes) matrix, written once for two layouts:
//
//   AlongRow  one row at a time, its classes along the lanes; the last vector is partial
//   ByLane    `width` rows at a time, one per lane, transposed in registers into a tile: every lane is
//             busy however few the classes are, and a reduction over a row needs no step across lanes
//
// A kernel walks a row with each(), reads and writes with load() and store() of pieces.h, and
// combines with sum() and largest(), which give every lane the result for its own row.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

// Up to here ByLane is faster (softmax, AVX2: 1.9 times at 10 classes, even at 40).
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
};

struct ByLane {
  int64_t classes;

  template <class F>
  BRASA_INLINE void each(F f) const {
    for (int64_t j = 0; j < classes; ++j) f(Piece{j * Vec::width, Vec::width});
  }
  BRASA_INLINE static VecInt class_of(Piece piece) {
    return VecInt::all(static_cast<int32_t>(piece.at / Vec::width));
  }
  BRASA_INLINE static Vec sum(const LongSum& v) { return v.result(); }
  BRASA_INLINE static Vec largest(Vec v) { return v; }
};

// Rows of at most kTileClasses, as ByLane walks them: class j of row i at value[j * width + i].
struct alignas(64) Tile {
  float value[kTileClasses * Vec::width];

  // The first `rows` rows at x, up to Vec::width; the other lanes become 0.
  void read(const float* x, int64_t classes, int64_t rows) {
    each_block(classes, [&](int64_t first, int n) BRASA_INLINE_LAMBDA {
      Vec v[Vec::width];
      for (int i = 0; i < Vec::width; ++i) {
        v[i] = i < rows ? load(x + i * classes, {first, n}) : Vec::zero();
      }
      transpose(v);
      for (int i = 0; i < Vec::width; ++i) {
        if (i < n) v[i].store(value + (first + i) * Vec::width);
      }
    });
  }

  void write(float* x, int64_t classes, int64_t rows) const {
    each_block(classes, [&](int64_t first, int n) BRASA_INLINE_LAMBDA {
      Vec v[Vec::width];
      for (int i = 0; i < Vec::width; ++i) {
        v[i] = i < n ? Vec::load(value + (first + i) * Vec::width) : Vec::zero();
      }
      transpose(v);
      for (int i = 0; i < Vec::width; ++i) {
        if (i < rows) store(v[i], x + i * classes, {first, n});
      }
    });
  }

 private:
  // Blocks of Vec::width classes. The last one overlaps its neighbour where the classes fill a vector,
  // so that no partial loads are needed.
  template <class F>
  BRASA_INLINE static void each_block(int64_t classes, F f) {
    int64_t j = 0;
    for (; j + Vec::width <= classes; j += Vec::width) f(j, Vec::width);
    if (j == classes) return;
    if (j > 0) {
      f(classes - Vec::width, Vec::width);
    } else {
      f(0, static_cast<int>(classes));
    }
  }
};

}  // namespace brasa::cpu::BRASA_ISA
