// Results that were summed in chunks, each into a copy of its own.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// out (+)= the copies of `count` floats each, in order.
BRASA_INLINE void add_copies(const Exec& exec, int64_t count, int64_t copies, Write write,
                             const float* from, float* out) {
  const Range mine = exec.share(count, 64);
  each_piece(mine.begin, mine.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = load(from, piece);
    for (int64_t i = 1; i < copies; ++i) sum = sum + load(from + i * count, piece);
    store(write == Write::kAdd ? load(out, piece) + sum : sum, out, piece);
  });
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
