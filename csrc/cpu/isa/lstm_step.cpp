#include "cpu/isa/kernels.h"
#include "cpu/isa/lstm_saved.h"
#include "cpu/isa/recurrent_step.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {

void lstm_step(const Exec& exec, const RecurrentShape& s, const RecurrentInputs& in,
               const RecurrentOutputs& out) {
  const StepSums sums(exec, s.U, kGateCount);
  const StepSums::Gates all = {0, 0, kGateCount};
  BRASA_UNROLL_ALL
  for (int64_t k = 0; k < kGateCount; ++k) {
    sums.start(k, in.b == nullptr ? nullptr : in.b + k * s.U);
  }
  sums.add_product(all, s.D, in.x, in.w);
  if (in.h0 != nullptr) sums.add_product(all, s.U, in.h0, in.u);
  const bool masked = is_masked(s, in.mask, 0, 0);
  each_piece(sums.units.begin, sums.units.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec i = sigmoid(sums.gate(0, piece)), forget = sigmoid(sums.gate(1, piece));
    const Vec g = tanh(sums.gate(2, piece)), o = sigmoid(sums.gate(3, piece));
    const Vec old_c = load_or_zero(in.c0, piece), c = fma(forget, old_c, i * g);
    const Vec h = masked ? load_or_zero(in.h0, piece) : o * tanh(c);
    store_if(h, out.y, piece);
    store_if(h, out.h, piece);
    store_if(masked ? old_c : c, out.c, piece);
  });
}

}  // namespace brasa::cpu::BRASA_ISA
