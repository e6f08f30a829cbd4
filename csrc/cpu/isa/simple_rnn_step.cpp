#include "cpu/isa/activate.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/recurrent_step.h"

namespace brasa::cpu::BRASA_ISA {

void simple_rnn_step(const Exec& exec, const SimpleRnnShape& s, const RecurrentInputs& in,
                     const RecurrentOutputs& out) {
  const StepSums sums(exec, s.U, 1);
  sums.start(0, in.b);
  sums.add_product({0, 0, 1}, s.D, in.x, in.w);
  if (in.h0 != nullptr) sums.add_product({0, 0, 1}, s.U, in.h0, in.u);
  const bool masked = is_masked(s, in.mask, 0, 0);
  each_piece(sums.units.begin, sums.units.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec h = masked ? load_or_zero(in.h0, piece) : activate(s.activation, sums.gate(0, piece));
    store_if(h, out.y, piece);
    store_if(h, out.h, piece);
  });
}

}  // namespace brasa::cpu::BRASA_ISA
