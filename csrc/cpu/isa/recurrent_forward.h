// The forward pass of a recurrent op: its memory, the products of the inputs, the order of the steps.
#pragma once

#include "cpu/isa/recurrent.h"

namespace brasa::cpu::BRASA_ISA {

// gates = x @ w + b for the steps [steps.begin, steps.end), whose first row of gates is row 0; shared as a
// step is.
struct InputProduct {
  const float* x;
  PackedWeights w;
  const float* b;  // packed, or null
  Panels gates;
};
void multiply_inputs(const Exec&, const RecurrentShape&, const Part&, const Gates&, Range steps,
                     const InputProduct&);

namespace {

// What every cell needs. gates and h serve inference: gates of some steps, h in two places by
// turns.
struct ForwardMemory {
  float *w, *u, *b;
  int64_t* h_columns;
  Panels gates, h;

  BRASA_INLINE ForwardMemory(const RecurrentShape& s, const Gates& g, int threads, Pieces* pieces) {
    const int64_t packed = g.count * groups_of(s) * kPanel;
    w = pieces->take<float>(packed * s.D);
    u = pieces->take<float>(packed * s.U);
    b = pieces->take<float>(packed);
    h_columns = pieces->take<int64_t>(s.U);
    gates = pieces->panels(g.slots * groups_of(s), steps_at_once(s, g.count, threads) * s.N);
    h = pieces->panels(groups_of(s), 2 * s.N);
  }
};

// A step: where its first row lies in the gates, and in h before and after it.
struct Step {
  int64_t step, t, gates, h, next_h;
};

// Which of them have a row for every step, for the backward pass.
struct Keep {
  bool gates, h;
};

// step(Step) in order, after the products of its inputs.
template <class F>
BRASA_INLINE void each_step(const Exec& exec, const RecurrentShape& s, const Part& part,
                            const Gates& gates, const InputProduct& input, Keep keep, F step) {
  const int64_t at_once = steps_at_once(s, gates.count, exec.threads);
  for (int64_t first = 0; first < s.T; first += at_once) {
    const Range steps = {first, smaller(s.T, first + at_once)};
    InputProduct some = input;
    if (keep.gates) some.gates.data += first * s.N * kPanel;
    multiply_inputs(exec, s, part, gates, steps, some);
    for (int64_t i = first; i < steps.end; ++i) {
      const int64_t h = keep.h ? i : i % 2, next_h = keep.h ? i + 1 : (i + 1) % 2;
      step(Step{i, time_of(s, i), (keep.gates ? i : i - first) * s.N, h * s.N, next_h * s.N});
    }
  }
}

// The row of h after the last step.
BRASA_INLINE int64_t last_h(const RecurrentShape& s, Keep keep) {
  return (keep.h ? s.T : s.T % 2) * s.N;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
