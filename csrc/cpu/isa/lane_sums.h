// Sums that were kept lane by lane.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// out[i] (+)= the sum of vector i of all copies, `count` vectors each: lane by lane in the order of the
// copies, and then across the lanes.
void add_lanes(const Exec& exec, int64_t count, int64_t copies, Write write, const float* sums,
               float* out) {
  const Range mine = exec.share(count, 16);
  each_piece(mine.begin, mine.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec lanes[Vec::width];
    BRASA_UNROLL_ALL
    for (int i = 0; i < Vec::width; ++i) {
      lanes[i] = Vec::zero();
      if (i >= piece.n) continue;
      for (int64_t copy = 0; copy < copies; ++copy) {
        lanes[i] = lanes[i] + Vec::load(sums + (copy * count + piece.at + i) * Vec::width);
      }
    }
    transpose(lanes);
    BRASA_UNROLL_ALL
    for (int half = Vec::width / 2; half > 0; half /= 2) {
      BRASA_UNROLL_ALL
      for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
    }
    store(write == Write::kAdd ? load(out, piece) + lanes[0] : lanes[0], out, piece);
  });
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
