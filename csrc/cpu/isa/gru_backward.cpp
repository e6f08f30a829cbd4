// The gradients of a GRU, in the order of lstm_backward.cpp.
#include "cpu/isa/gru_saved.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/recurrent_backward.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr Range kAll = {0, kGateCount}, kFirstTwo = {0, 2}, kLast = {2, 3};

struct Memory {
  Pieces pieces;
  BackwardMemory common;
  int64_t* g_columns;  // where the gradients by g lie

  BRASA_INLINE Memory(const RecurrentShape& s, int threads, char* base)
      : pieces{base},
        common(s, kInputGates, threads, &pieces),
        g_columns(pieces.take<int64_t>(s.U)) {}
};

struct Backward {
  const GruShape& s;
  const RecurrentSlopes& in;
  Saved saved;
  Panels dgates, dh;
};

// From dh after the step to the gradients by the sums of the gates, for a group of units. dh
// becomes what reaches the state before the step without a product. kResetAfter: slot q takes the
// gradient by h @ ug; else r waits for the gradient by r * h.
template <bool kResetAfter>
void step_cell(const Backward& f, const BackStep& step, int64_t group, Range batch) {
  const Vec one = Vec::all(1.f);
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    const int64_t row = step.saved + n;
    float *dh = f.dh.at(group, n), *dgate[kSlots];
    const float *h = f.saved.h.at(group, row), *gate[kSlots];
    BRASA_UNROLL_ALL
    for (int k = 0; k < kSlots; ++k) {
      gate[k] = f.saved.gates.at(group * kSlots + k, row);
      dgate[k] = f.dgates.at(group * kSlots + k, step.dgates + n);
    }
    const bool masked = is_masked(f.s, f.in.mask, n, step.t);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec slope =
          Vec::load(dh + at) + load_units(f.s, f.in.dy, n, step.t, group * kPanel + at);
      if (masked) {
        BRASA_UNROLL_ALL
        for (int k = 0; k < kSlots; ++k) Vec::zero().store(dgate[k] + at);
        slope.store(dh + at);
        continue;
      }
      const Vec z = Vec::load(gate[kZ] + at), g = Vec::load(gate[kG] + at);
      const Vec by_g = slope * (one - z) * fnma(g, g, one);
      (slope * (Vec::load(h + at) - g) * z * (one - z)).store(dgate[kZ] + at);
      by_g.store(dgate[kG] + at);
      (slope * z).store(dh + at);
      if (kResetAfter) {
        const Vec r = Vec::load(gate[kR] + at);
        (by_g * Vec::load(gate[kQ] + at) * r * (one - r)).store(dgate[kR] + at);
        (by_g * r).store(dgate[kQ] + at);
      }
    }
  }
}

// Slot q holds the gradient by r * h.
void reset_cell(const Backward& f, const BackStep& step, int64_t group, Range batch) {
  const Vec one = Vec::all(1.f);
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    float* dh = f.dh.at(group, n);
    const float* by_rh = f.dgates.at(group * kSlots + kQ, step.dgates + n);
    float* by_r = f.dgates.at(group * kSlots + kR, step.dgates + n);
    const float* gate_r = f.saved.gates.at(group * kSlots + kR, step.saved + n);
    const float* h = f.saved.h.at(group, step.saved + n);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec slope = Vec::load(by_rh + at), r = Vec::load(gate_r + at);
      (slope * Vec::load(h + at) * r * (one - r)).store(by_r + at);
      fma(slope, r, Vec::load(dh + at)).store(dh + at);
    }
  }
}

// f(group, rows) for what this thread does of a step.
template <class F>
void each_cell(const Exec& exec, const Backward& f, const Part& part, F cell) {
  share_step(exec, f.s, part, [&](const Part& mine) {
    for (int64_t group = mine.groups.begin; group < mine.groups.end; ++group) {
      cell(group, mine.rows);
    }
  });
}

void run_step(const Exec& exec, const Backward& f, const BackStep& step, const Part& part,
              const Memory& memory) {
  const BackwardMemory& common = memory.common;
  const int64_t U = f.s.U;
  const auto multiply = [&](const StateGradient& gradient, bool add) {
    multiply_state_gradient(exec, f.s, part, gradient, add);
  };
  StateGradient by_h = {f.dgates,       step.dgates, common.u, common.u_columns,
                        kGateCount * U, f.dh,        step.step};
  if (f.s.reset_after) {
    each_cell(exec, f, part,
              [&](int64_t group, Range rows) { step_cell<true>(f, step, group, rows); });
    return multiply(by_h, true);
  }
  each_cell(exec, f, part,
            [&](int64_t group, Range rows) { step_cell<false>(f, step, group, rows); });
  // The packed ug follows on uz and ur.
  const float* ug = common.u + round_up(U, kPanel) * 2 * U;
  Panels by_rh = slot_of(f.dgates, kQ, step.dgates);
  multiply({f.dgates, step.dgates, ug, memory.g_columns, U, by_rh, step.step}, false);
  each_cell(exec, f, part, [&](int64_t group, Range rows) { reset_cell(f, step, group, rows); });
  by_h.sum = 2 * U;
  multiply(by_h, true);
}

// The weights, and where their gates lie in dgates.
void prepare(const Exec& exec, const GruShape& s, const RecurrentSlopes& in, bool with_dx,
             const Memory& memory) {
  const BackwardMemory& common = memory.common;
  const int64_t step = common.dgates.step;
  if (with_dx) pack_transposed(exec, s.D, s.U, kInputGates, kAll, in.w, common.w);
  if (s.reset_after) {
    pack_transposed(exec, s.U, s.U, kInputGates, kAll, in.u, common.u);
  } else {
    float* ug = common.u + round_up(s.U, kPanel) * 2 * s.U;
    pack_transposed(exec, s.U, s.U, kInputGates, kFirstTwo, in.u, common.u);
    pack_transposed(exec, s.U, s.U, kInputGates, kLast, in.u, ug);
  }
  if (exec.thread != 0) return;
  fill_gate_columns(s.U, kInputGates, kAll, step, common.w_columns);
  fill_gate_columns(s.U, kStateGates, s.reset_after ? kAll : kFirstTwo, step, common.u_columns);
  fill_gate_columns(s.U, kInputGates, kLast, step, memory.g_columns);
}

}  // namespace

void gru_backward(const Exec& exec, const GruShape& s, const RecurrentSlopes& in,
                  const RecurrentGradients& out) {
  const Memory memory(s, exec.threads, exec.scratch);
  const BackwardMemory& common = memory.common;
  const Part part = part_of_team(s, kGateCount, exec);
  Pieces pieces = {reinterpret_cast<char*>(const_cast<float*>(in.saved))};  // only read
  const Backward f = {s, in, Saved(s, &pieces), common.dgates, common.dh};
  prepare(exec, s, in, out.dx != nullptr, memory);
  load_state(s, part, in.dh, f.dh, 0);
  exec.barrier();

  each_step_back(
      exec, s, [&](const BackStep& step) { run_step(exec, f, step, part, memory); },
      [&](Range steps, bool first) {
        const Chunk chunk = {steps, f.dgates, first};
        const int64_t row = steps.begin * s.N;
        const Panels h = {f.saved.h.at(0, row), f.saved.h.step};
        const Panels g_operand = s.reset_after ? h : slot_of(f.saved.gates, kQ, row);
        const Gates& state_gates = s.reset_after ? kStateGates : kInputGates;
        add_state_weight_gradient(exec, s, state_gates, kFirstTwo, chunk, h, out.du, common.copy);
        add_state_weight_gradient(exec, s, state_gates, kLast, chunk, g_operand, out.du,
                                  common.copy);
        add_input_weight_gradient(exec, s, kInputGates, chunk, in.x, out.dw, common.copy);
        add_bias_gradient(exec, s, kInputGates, chunk, out.db);
        if (s.reset_after && out.db != nullptr) {
          add_bias_gradient(exec, s, kStateGates, chunk, out.db + kGateCount * s.U);
        }
        multiply_input_gradient(exec, s, kInputGates, chunk, {common.w, common.w_columns}, out.dx);
      });
  store_state(s, part, f.dh, 0, out.dh0);
}

int64_t gru_backward_workspace(const GruShape& s, int threads) {
  return Memory(s, threads, nullptr).pieces.used;
}

}  // namespace brasa::cpu::BRASA_ISA
