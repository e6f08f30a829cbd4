// The gradients of an LSTM. Chunk by chunk from the last step on: first the recurrence, which
// leaves the gradients by the gates' sums, then the products that need no order while those are
// near.
#include "cpu/isa/kernels.h"
#include "cpu/isa/lstm_saved.h"
#include "cpu/isa/recurrent_backward.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr Range kAll = {0, kGateCount};

struct Memory {
  Pieces pieces;
  BackwardMemory common;
  Panels dc;

  BRASA_INLINE Memory(const RecurrentShape& s, int threads, char* base)
      : pieces{base}, common(s, kGates, threads, &pieces), dc(pieces.panels(groups_of(s), s.N)) {}
};

struct Backward {
  const RecurrentShape& s;
  const RecurrentSlopes& in;
  Saved saved;
  Panels dgates, dh, dc;
};

// From dh and dc after the step to the gradients by the sums of the gates, and dc before the step.
// dh becomes what skips the step: all of it where the row is masked, else nothing.
void step_cell(const Backward& f, const BackStep& step, int64_t group, Range batch) {
  const Vec one = Vec::all(1.f);
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    const int64_t row = step.saved + n;
    float *dh = f.dh.at(group, n), *dc = f.dc.at(group, n);
    const float *c = f.saved.c.at(group, row), *next_c = f.saved.c.at(group, row + f.s.N);
    const float* gate[kGateCount];
    float* dgate[kGateCount];
    BRASA_UNROLL_ALL
    for (int k = 0; k < kGateCount; ++k) {
      gate[k] = f.saved.gates.at(group * kGateCount + k, row);
      dgate[k] = f.dgates.at(group * kGateCount + k, step.dgates + n);
    }
    const bool masked = is_masked(f.s, f.in.mask, n, step.t);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec slope =
          Vec::load(dh + at) + load_units(f.s, f.in.dy, n, step.t, group * kPanel + at);
      if (masked) {
        BRASA_UNROLL_ALL
        for (int k = 0; k < kGateCount; ++k) Vec::zero().store(dgate[k] + at);
        slope.store(dh + at);
        continue;
      }
      const Vec i = Vec::load(gate[0] + at), forget = Vec::load(gate[1] + at);
      const Vec g = Vec::load(gate[2] + at), o = Vec::load(gate[3] + at);
      const Vec tanh_c = tanh(Vec::load(next_c + at));
      const Vec by_c = fma(slope * o, fnma(tanh_c, tanh_c, one), Vec::load(dc + at));
      (by_c * g * i * (one - i)).store(dgate[0] + at);
      (by_c * Vec::load(c + at) * forget * (one - forget)).store(dgate[1] + at);
      (by_c * i * fnma(g, g, one)).store(dgate[2] + at);
      (slope * tanh_c * o * (one - o)).store(dgate[3] + at);
      (by_c * forget).store(dc + at);
      Vec::zero().store(dh + at);
    }
  }
}

}  // namespace

void lstm_backward(const Exec& exec, const RecurrentShape& s, const RecurrentSlopes& in,
                   const RecurrentGradients& out) {
  const Memory own(s, exec.threads, exec.scratch);
  const BackwardMemory& memory = own.common;
  const Part part = part_of_team(s, kGateCount, exec);
  Pieces pieces = {reinterpret_cast<char*>(const_cast<float*>(in.saved))};  // only read
  const Backward f = {s, in, Saved(s, &pieces), memory.dgates, memory.dh, own.dc};
  if (out.dx != nullptr) pack_transposed(exec, s.D, s.U, kGates, kAll, in.w, memory.w);
  pack_transposed(exec, s.U, s.U, kGates, kAll, in.u, memory.u);
  if (exec.thread == 0) {
    fill_gate_columns(s.U, kGates, kAll, memory.dgates.step, memory.u_columns);
  }
  load_state(s, part, in.dh, f.dh, 0);
  load_state(s, part, in.dc, f.dc, 0);
  exec.barrier();

  each_step_back(
      exec, s,
      [&](const BackStep& step) {
        share_step(exec, s, part, [&](const Part& mine) {
          for (int64_t group = mine.groups.begin; group < mine.groups.end; ++group) {
            step_cell(f, step, group, mine.rows);
          }
        });
        const StateGradient g = {f.dgates,         step.dgates, memory.u, memory.u_columns,
                                 kGateCount * s.U, f.dh,        step.step};
        multiply_state_gradient(exec, s, part, g, in.mask != nullptr);
      },
      [&](Range steps, bool first) {
        const Chunk chunk = {steps, memory.dgates, first};
        const Panels h = {f.saved.h.at(0, steps.begin * s.N), f.saved.h.step};
        add_state_weight_gradient(exec, s, kGates, kAll, chunk, h, out.du, memory.copy);
        add_input_weight_gradient(exec, s, kGates, chunk, in.x, out.dw, memory.copy);
        add_bias_gradient(exec, s, kGates, chunk, out.db);
        multiply_input_gradient(exec, s, kGates, chunk, {memory.w, memory.u_columns}, out.dx);
      });
  store_state(s, part, f.dh, 0, out.dh0);
  store_state(s, part, f.dc, 0, out.dc0);
}

int64_t lstm_backward_workspace(const RecurrentShape& s, int threads) {
  return Memory(s, threads, nullptr).pieces.used;
}

}  // namespace brasa::cpu::BRASA_ISA
