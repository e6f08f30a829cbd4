#include "cpu/isa/gru_saved.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/recurrent_step.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// z, r and what r multiplies: q = h @ ug + cg with reset_after, else q = r * h.
void add_state(const GruShape& s, const RecurrentInputs& in, const StepSums& sums) {
  const float* c = in.b == nullptr || !s.reset_after ? nullptr : in.b + kGateCount * s.U;
  sums.start(kQ, c == nullptr ? nullptr : c + kG * s.U);
  if (in.h0 != nullptr) {
    sums.add_product({kZ, kZ, 2}, s.U, in.h0, in.u);
    if (s.reset_after) sums.add_product({kG, kQ, 1}, s.U, in.h0, in.u);
  }
  each_piece(sums.units.begin, sums.units.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec z = sums.gate(kZ, piece), r = sums.gate(kR, piece);
    if (c != nullptr) z = z + load(c + kZ * s.U, piece), r = r + load(c + kR * s.U, piece);
    r = sigmoid(r);
    store(sigmoid(z), sums.z + kZ * s.U, piece);
    const Vec met = s.reset_after ? sums.gate(kQ, piece) : load_or_zero(in.h0, piece);
    store(r * met, sums.z + kQ * s.U, piece);
  });
}

}  // namespace

void gru_step(const Exec& exec, const GruShape& s, const RecurrentInputs& in,
              const RecurrentOutputs& out) {
  const StepSums sums(exec, s.U, kGateCount);
  BRASA_UNROLL_ALL
  for (int64_t k = 0; k < kGateCount; ++k) {
    sums.start(k, in.b == nullptr ? nullptr : in.b + k * s.U);
  }
  sums.add_product({0, 0, kGateCount}, s.D, in.x, in.w);
  add_state(s, in, sums);
  if (!s.reset_after && in.h0 != nullptr) {
    exec.barrier();  // all units' r * h
    sums.add_product({kG, kG, 1}, s.U, sums.z + kQ * s.U, in.u);
  }
  const bool masked = is_masked(s, in.mask, 0, 0);
  each_piece(sums.units.begin, sums.units.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec g = sums.gate(kG, piece);
    if (s.reset_after) g = g + sums.gate(kQ, piece);
    g = tanh(g);
    const Vec old_h = load_or_zero(in.h0, piece);
    const Vec h = masked ? old_h : fma(sums.gate(kZ, piece), old_h - g, g);
    store_if(h, out.y, piece);
    store_if(h, out.h, piece);
  });
}

}  // namespace brasa::cpu::BRASA_ISA
