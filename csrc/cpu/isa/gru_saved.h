// What the two passes of a GRU agree on.
#pragma once

#include "cpu/isa/recurrent.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int kGateCount = 3, kSlots = 4;
// z, r, g, and q: what the reset gate meets. That is h @ ug + cg, which r multiplies, with
// reset_after, else r * h, which ug multiplies.
constexpr int kZ = 0, kR = 1, kG = 2, kQ = 3;
constexpr Gates kInputGates = {kGateCount, kSlots, {kZ, kR, kG}};
constexpr Gates kStateGates = {kGateCount, kSlots, {kZ, kR, kQ}};  // with reset_after

// What the forward pass leaves: the gates, row step * N + n; h before step s in the rows s * N + n.
struct Saved {
  Panels gates, h;

  BRASA_INLINE Saved(const RecurrentShape& s, Pieces* pieces)
      : gates(pieces->panels(kSlots * groups_of(s), s.T * s.N)),
        h(pieces->panels(groups_of(s), (s.T + 1) * s.N)) {}
};

// The panels of one slot alone.
BRASA_INLINE Panels slot_of(const Panels& gates, int slot, int64_t first_row) {
  return {gates.at(slot, first_row), kSlots * gates.step};
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
