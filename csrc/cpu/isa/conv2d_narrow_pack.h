// The filters of narrow groups in the order in which they are read: of each vector of filters, channel by channel of
// their groups, all taps. In w these lie at steps of `C` and more floats, which share few sets of the first cache. Of
// groups of one channel they stay as they are.
#pragma once

#include "cpu/isa/conv2d_frame.h"
#include "cpu/isa/conv2d_narrow.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

struct PackedFilters {
  int64_t C, width, taps;

  BRASA_INLINE explicit PackedFilters(const Conv2dShape& s)
      : C(s.C), width(group_width(s)), taps(s.window.R * s.window.S) {}
  BRASA_INLINE bool plain() const { return width == 1; }
  // Vectors of filters times channels of a group.
  BRASA_INLINE int64_t blocks() const { return ceil_div(C, Vec::width) * width; }
  BRASA_INLINE int64_t floats() const { return plain() ? taps * C : blocks() * taps * Vec::width; }
  BRASA_INLINE int64_t bytes() const { return round_up(floats() * 4, 64); }
  // The first tap of channel j of the groups that a piece of the filters belongs to.
  BRASA_INLINE int64_t at(Piece piece, int64_t j) const {
    return (piece.at / Vec::width * width + j) * taps * Vec::width;
  }
  BRASA_INLINE Piece piece_of_block(int64_t block) const {
    const int64_t first = block / width * Vec::width;
    return {first, static_cast<int>(smaller(C - first, Vec::width))};
  }
};

BRASA_INLINE void pack_filters(const Exec& exec, const Conv2dShape& s, const float* w, float* to) {
  const PackedFilters f(s);
  const Range mine = exec.share(f.plain() ? f.taps : f.blocks());
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    if (f.plain()) {
      copy_floats(f.C, w + i * f.C, to + i * f.C);
      continue;
    }
    const Piece piece = f.piece_of_block(i);
    for (int64_t tap = 0; tap < f.taps; ++tap) {
      const float* from = w + (tap * f.width + i % f.width) * f.C;
      load(from, piece).store(to + (i * f.taps + tap) * Vec::width);
    }
  }
}

// Those of the data gradient as a convolution of dy: the last tap first, channels and filters exchanged.
BRASA_INLINE void pack_turned_filters(const Exec& exec, const Conv2dShape& s, const float* w,
                                      float* to) {
  const PackedFilters f(s);
  const Range mine = exec.share(f.plain() ? f.taps : f.blocks());
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    if (f.plain()) {
      copy_floats(f.C, w + (f.taps - 1 - i) * f.C, to + i * f.C);
      continue;
    }
    const Piece piece = f.piece_of_block(i);
    for (int64_t tap = 0; tap < f.taps; ++tap) {
      float* vector = to + (i * f.taps + tap) * Vec::width;
      Vec::zero().store(vector);
      for (int lane = 0; lane < piece.n; ++lane) {
        const int64_t c = piece.at + lane, k = c / f.width * f.width + i % f.width;
        vector[lane] = w[((f.taps - 1 - tap) * f.width + c % f.width) * f.C + k];
      }
    }
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
