#include "cpu/isa/kernels.h"
#include "cpu/isa/lstm_saved.h"
#include "cpu/isa/recurrent_forward.h"
#include "cpu/isa/recurrent_step.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

struct Memory {
  Pieces pieces;
  ForwardMemory common;
  Panels c;  // of inference, updated in place

  BRASA_INLINE Memory(const RecurrentShape& s, int threads, char* base)
      : pieces{base}, common(s, kGates, threads, &pieces), c(pieces.panels(groups_of(s), s.N)) {}
};

struct Forward {
  const RecurrentShape& s;
  const RecurrentInputs& in;
  float* y;
  Panels gates, c, h;
  bool keep;
};

// The cell falls into two loops, for one group of units and some rows of the batch: the chain from
// a sum to h is so long (over a hundred cycles) that a core does not see enough of the next row to
// work on meanwhile. In halves it does: 8 % less time for T = 28, N = 128, U = 128 (Zen 3).
template <bool kKeep>
void step_gates(const Forward& f, const Step& step, int64_t group, Range batch) {
  const int64_t old_row = kKeep ? step.h : 0, new_row = kKeep ? step.next_h : 0;
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    float* gate[kGateCount];
    BRASA_UNROLL_ALL
    for (int k = 0; k < kGateCount; ++k) {
      gate[k] = f.gates.at(group * kGateCount + k, step.gates + n);
    }
    const float* c = f.c.at(group, old_row + n);
    float* next_c = f.c.at(group, new_row + n);
    const bool masked = is_masked(f.s, f.in.mask, n, step.t);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec i = sigmoid(Vec::load(gate[0] + at)), forget = sigmoid(Vec::load(gate[1] + at));
      const Vec g = tanh(Vec::load(gate[2] + at)), o = sigmoid(Vec::load(gate[3] + at));
      const Vec old_c = Vec::load(c + at), new_c = fma(forget, old_c, i * g);
      if (kKeep) i.store(gate[0] + at), forget.store(gate[1] + at), g.store(gate[2] + at);
      o.store(gate[3] + at);
      (masked ? old_c : new_c).store(next_c + at);
    }
  }
}

template <bool kKeep>
void step_state(const Forward& f, const Step& step, int64_t group, Range batch) {
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    const float* o = f.gates.at(group * kGateCount + 3, step.gates + n);
    const float* c = f.c.at(group, (kKeep ? step.next_h : 0) + n);
    const float* h = f.h.at(group, step.h + n);
    float* next_h = f.h.at(group, step.next_h + n);
    const bool masked = is_masked(f.s, f.in.mask, n, step.t);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec new_h = masked ? Vec::load(h + at) : Vec::load(o + at) * tanh(Vec::load(c + at));
      new_h.store(next_h + at);
      store_units(f.s, new_h, f.y, n, step.t, group * kPanel + at);
    }
  }
}

template <bool kKeep>
void step_cell(const Forward& f, const Step& step, int64_t group, Range batch) {
  step_gates<kKeep>(f, step, group, batch);
  step_state<kKeep>(f, step, group, batch);
}

// The products and the cell, of the rows and groups of a part.
void run_step(const Forward& f, const Step& step, const Part& part, const ForwardMemory& memory) {
  const PanelRows rows;
  each_row_block(part.rows, [&](Range batch) {
    each_group(part, step.step, [&](int64_t group) {
      PanelProduct p = {};
      p.rows = batch.end - batch.begin, p.columns = kGateCount * kPanel;
      p.a = f.h.at(0, step.h + batch.begin), p.a_row = rows.offset, p.a_column = memory.h_columns;
      p.b = {memory.u, f.s.U}, p.first_panel = group * kGateCount;
      p.c = f.gates.at(group * kGateCount, step.gates + batch.begin);
      p.c_row = rows.offset, p.c_panel = f.gates.step;
      p.add = true;
      multiply_step(f.s, p);
      f.keep ? step_cell<true>(f, step, group, batch) : step_cell<false>(f, step, group, batch);
    });
  });
}

}  // namespace

void lstm_forward(const Exec& exec, const RecurrentShape& s, const RecurrentInputs& in,
                  const RecurrentOutputs& out) {
  if (is_one_step(s, out)) return lstm_step(exec, s, in, out);
  const bool keep = out.saved != nullptr;
  const Memory own(s, exec.threads, exec.scratch);
  const ForwardMemory& memory = own.common;
  const Part part = part_of_team(s, kGateCount, exec);
  Forward f = {s, in, out.y, memory.gates, own.c, memory.h, keep};
  if (keep) {
    Pieces pieces = {reinterpret_cast<char*>(out.saved)};
    const Saved saved(s, &pieces);
    f.gates = saved.gates, f.c = saved.c, f.h = saved.h;
  }
  pack_gates(exec, s.D, s.U, kGates, in.w, memory.w);
  pack_gates(exec, s.U, s.U, kGates, in.u, memory.u);
  if (in.b != nullptr) pack_gates(exec, 1, s.U, kGates, in.b, memory.b);
  if (exec.thread == 0) fill_panel_columns(s.U, f.h.step, memory.h_columns);
  load_state(s, part, in.h0, f.h, 0);
  load_state(s, part, in.c0, f.c, 0);
  exec.barrier();

  const float* b = in.b != nullptr ? memory.b : nullptr;
  each_step(exec, s, part, kGates, {in.x, {memory.w, s.D}, b, f.gates}, {keep, keep},
            [&](const Step& step) {
              share_step(exec, s, part, [&](const Part& mine) { run_step(f, step, mine, memory); });
            });
  store_state(s, part, f.h, last_h(s, {keep, keep}), out.h);
  store_state(s, part, f.c, keep ? s.T * s.N : 0, out.c);
}

int64_t lstm_saved(const RecurrentShape& s) {
  Pieces pieces = {nullptr};
  const Saved saved(s, &pieces);
  return pieces.used / static_cast<int64_t>(sizeof(float));
}

int64_t lstm_forward_workspace(const RecurrentShape& s, int threads) {
  int64_t most = 0;  // a smaller team takes other cuts
  for (int team = 1; team <= threads; ++team) {
    most = larger(most, Memory(s, team, nullptr).pieces.used);
  }
  return most;
}

}  // namespace brasa::cpu::BRASA_ISA
