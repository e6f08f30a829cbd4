// The backward pass of a recurrent op: its memory, the order of the steps, and the gradients that need
// no recurrence.
#pragma once

#include "cpu/isa/recurrent.h"

namespace brasa::cpu::BRASA_ISA {

// The gradients that need no recurrence, for the steps of one chunk: row r of dgates is row r % N
// of step steps.begin + r / N. dw, du and db add to what earlier chunks left, unless `first`.
struct Chunk {
  Range steps;
  Panels dgates;
  bool first;

  BRASA_INLINE int64_t rows(const RecurrentShape& s) const {
    return (steps.end - steps.begin) * s.N;
  }
};
void add_input_weight_gradient(const Exec&, const RecurrentShape&, const Gates&, const Chunk&,
                               const float* x, float* dw, float* copy);
// h: what the steps multiplied with u, its row 0 belonging to row 0 of dgates; gates [begin, end).
void add_state_weight_gradient(const Exec&, const RecurrentShape&, const Gates&, Range which,
                               const Chunk&, const Panels& h, float* du, float* copy);
void add_bias_gradient(const Exec&, const RecurrentShape&, const Gates&, const Chunk&, float* db);
// dx = dgates @ w^T
struct InputGradient {
  const float* w;          // from pack_transposed()
  const int64_t* columns;  // of dgates, from fill_gate_columns()
};
void multiply_input_gradient(const Exec&, const RecurrentShape&, const Gates&, const Chunk&,
                             const InputGradient&, float* dx);

// dh = dgates @ u^T, or added to what dh holds: for what this thread does of a step.
struct StateGradient {
  Panels dgates;
  int64_t first_row;
  const float* u;          // from pack_transposed()
  const int64_t* columns;  // of dgates
  int64_t sum;             // how many of them
  Panels dh;
  int64_t step;
};
void multiply_state_gradient(const Exec&, const RecurrentShape&, const Part&, const StateGradient&,
                             bool add);

namespace {

struct BackwardMemory {
  float *w, *u, *copy;
  int64_t *w_columns, *u_columns;  // where the factors of w^T and u^T lie in dgates
  Panels dgates, dh;

  BRASA_INLINE BackwardMemory(const RecurrentShape& s, const Gates& g, int threads,
                              Pieces* pieces) {
    w = pieces->take<float>(round_up(s.D, kPanel) * g.count * s.U);
    u = pieces->take<float>(round_up(s.U, kPanel) * g.count * s.U);
    copy = pieces->take<float>(threads * kPackedA);
    w_columns = pieces->take<int64_t>(g.count * s.U);
    u_columns = pieces->take<int64_t>(g.count * s.U);
    dgates = pieces->panels(g.slots * groups_of(s), steps_in_chunk(s) * s.N);
    dh = pieces->panels(groups_of(s), s.N);
  }
};

// A step on the way back: where its first row lies in dgates, and in what the forward pass saved.
struct BackStep {
  int64_t step, t, dgates, saved;
};

// step(BackStep) from the last to the first; after those of a chunk, finish(steps, first) by the
// whole team at once.
template <class F, class G>
BRASA_INLINE void each_step_back(const Exec& exec, const RecurrentShape& s, F step, G finish) {
  const int64_t length = steps_in_chunk(s), last = larger(1, ceil_div(s.T, length)) - 1;
  for (int64_t chunk = last; chunk >= 0; --chunk) {
    const Range steps = {chunk * length, smaller(s.T, (chunk + 1) * length)};
    for (int64_t i = steps.end - 1; i >= steps.begin; --i) {
      step(BackStep{i, time_of(s, i), (i - steps.begin) * s.N, i * s.N});
    }
    exec.barrier();
    finish(steps, chunk == last);
    if (chunk > 0) exec.barrier();
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
