// What every step of an optimizer begins with (ops/optimizer.h), and how it goes through the parameters.
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/penalize.h"
#include "cpu/isa/pieces.h"
#include "ops/optimizer.h"

namespace brasa::cpu::BRASA_ISA {

struct AsTheyAre {
  BRASA_INLINE Vec gradient(Vec g, Vec) const { return g; }
  BRASA_INLINE Vec decayed(Vec p) const { return p; }
};

struct Shrunk {
  Vec share;
  Slope slope;
  BRASA_INLINE Vec gradient(Vec g, Vec p) const { return slope.added(g, p); }
  BRASA_INLINE Vec decayed(Vec p) const { return fnma(share, p, p); }
};

// f(Range, what comes first): compiled once without and once with it, as most models have none.
template <class F>
BRASA_INLINE void each_share(const Exec& exec, int64_t count, const Shrink& shrink, double lr,
                             F f) {
  const Vec share = Vec::all(static_cast<float>(lr * shrink.weight_decay));
  for (const Range mine : flat_portions(exec, count)) {
    if (shrink.any()) {
      f(mine, Shrunk{share, Slope(shrink.l1, shrink.l2)});
    } else {
      f(mine, AsTheyAre{});
    }
  }
}

// f(Piece) for a range of the parameters p, which all cores have read since they were last updated.
template <class F>
BRASA_INLINE void each_update(const float* p, Range range, F f) {
  for (int64_t i = range.begin; i < range.end && i < range.begin + kClaimAhead; i += kLine) {
    claim(p + i);
  }
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    // What is behind the end is another thread's.
    const int64_t ahead = piece.at + kClaimAhead;
    claim(p + (ahead < range.end ? ahead : piece.at));
    f(piece);
  });
}

}  // namespace brasa::cpu::BRASA_ISA
