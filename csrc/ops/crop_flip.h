// Computes  y[n, p, q, c] = x~[n, top + p', left + q', c]     p' = P - 1 - p where image n is flipped
//             vertically, else p; q' = Q - 1 - q where it is flipped horizontally, else q
//             top  = tops.first + floor(word[0] * tops.count / 2^32), left likewise from word[1]
//             flipped where the highest bit of word[2] (vertically), word[3] (horizontally) is set
//             word = philox(seed, n, (step << 32) + node)
//           crop_flip_backward: dx[n, h, w, c] = sum of dy[n, p, q, c] over all (p, q) that show (h, w).
// Layout    x, dx (N,H,W,C); y, dy (N,P,Q,C). state: 2 int64, seed and step.
// Writes    y and dx are overwritten.
// Edges     x~ goes on beyond x as ops/fill.h says.
// Order     Windows depend on (seed, step, node, n) alone: not on device, threads or size of the batch. Places
//           have the same chance, to 2^-32. A sum starts at +0 and takes rows p', and in each row columns q',
//           from the first to the last.
// Assumes   y and x, dx and dy do not overlap. H, W >= 1 unless fill is kConstant.
#pragma once

#include "core/random.h"
#include "ops/fill.h"

namespace brasa {

// Where a window may begin: first, first + 1, ... `count` places, 1 <= count <= 2^32.
struct Places {
  int64_t first, count;
};

struct CropFlipShape {
  int64_t N, H, W, C, P, Q;
  Places tops, lefts;
  Fill fill;
  float fill_value;
  bool vertical, horizontal;  // which flips there may be
  uint32_t node;              // which random op of the model this is
};

// Which window of its image one sample gets.
struct CropFlip {
  int64_t top, left;
  bool vertical, horizontal;
};

// constexpr: nvcc then compiles these for the device, too.
BRASA_INLINE constexpr int64_t drawn_place(const Places& places, uint32_t word) {
  return places.first + static_cast<int64_t>((word * static_cast<uint64_t>(places.count)) >> 32);
}

BRASA_INLINE constexpr CropFlip drawn_crop(const CropFlipShape& s, const int64_t* state,
                                           int64_t n) {
  const Philox random = philox(static_cast<uint64_t>(state[0]), static_cast<uint64_t>(n),
                               (static_cast<uint64_t>(state[1]) << 32) + s.node);
  return {drawn_place(s.tops, random.word[0]), drawn_place(s.lefts, random.word[1]),
          s.vertical && random.word[2] >> 31 != 0, s.horizontal && random.word[3] >> 31 != 0};
}

// The part of a window of `size` that begins at `first` in which entry `i` of x can stand.
BRASA_INLINE constexpr Range shows(Fill fill, int64_t i, int64_t first, int64_t size) {
  if (fill != Fill::kConstant) return {0, size};
  const int64_t at = i - first;
  return at >= 0 && at < size ? Range{at, at + 1} : Range{0, 0};
}

using CropFlipForward = void (*)(const Exec&, const CropFlipShape&, const int64_t* state,
                                 const float* x, float* y);
using CropFlipBackward = void (*)(const Exec&, const CropFlipShape&, const int64_t* state,
                                  const float* dy, float* dx);

}  // namespace brasa
