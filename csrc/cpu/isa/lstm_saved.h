// What the two passes of an LSTM agree on.
#pragma once

#include "cpu/isa/recurrent.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int kGateCount = 4;
constexpr Gates kGates = {kGateCount, kGateCount, {0, 1, 2, 3}};

// What the forward pass leaves for the backward pass: the gates after their activations, row
// step * N + n; c and h before step s in the rows s * N + n.
struct Saved {
  Panels gates, c, h;

  BRASA_INLINE Saved(const RecurrentShape& s, Pieces* pieces)
      : gates(pieces->panels(kGateCount * groups_of(s), s.T * s.N)),
        c(pieces->panels(groups_of(s), (s.T + 1) * s.N)),
        h(pieces->panels(groups_of(s), (s.T + 1) * s.N)) {}
};

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
