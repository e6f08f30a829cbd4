#include "cpu/isa/gru_saved.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/recurrent_forward.h"
#include "cpu/isa/recurrent_step.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

struct Memory {
  Pieces pieces;
  ForwardMemory common;
  float* state_b;      // of reset_after: the second bias
  int64_t* q_columns;  // without: where r * h lies

  BRASA_INLINE Memory(const RecurrentShape& s, int threads, char* base)
      : pieces{base},
        common(s, kInputGates, threads, &pieces),
        state_b(pieces.take<float>(kGateCount * groups_of(s) * kPanel)),
        q_columns(pieces.take<int64_t>(s.U)) {}
};

struct Forward {
  const GruShape& s;
  const RecurrentInputs& in;
  float* y;
  Panels gates, h;
  const Memory& memory;
};

// Of the two biases of z and r the input's product takes the sum.
void pack_biases(const Exec& exec, const GruShape& s, const float* b, const Memory& memory) {
  if (b == nullptr) return;
  pack_gates(exec, 1, s.U, kInputGates, b, memory.common.b);
  if (!s.reset_after) return;
  pack_gates(exec, 1, s.U, kInputGates, b + kGateCount * s.U, memory.state_b);
  const Range panels = exec.share(kGateCount * groups_of(s));  // those this thread has packed
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    if (p % kGateCount == kG) continue;
    float* to = memory.common.b + p * kPanel;
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      (Vec::load(to + at) + Vec::load(memory.state_b + p * kPanel + at)).store(to + at);
    }
  }
}

// z and r of a group, and what r multiplies: with reset_after that goes into the sum of g. In two
// loops, this one and step_state(), for the reason that lstm.cpp gives.
template <bool kResetAfter>
void step_gates(const Forward& f, const Step& step, int64_t group, Range batch) {
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    float* gate[kSlots];
    BRASA_UNROLL_ALL
    for (int k = 0; k < kSlots; ++k) gate[k] = f.gates.at(group * kSlots + k, step.gates + n);
    const float* h = f.h.at(group, step.h + n);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec r = sigmoid(Vec::load(gate[kR] + at));
      sigmoid(Vec::load(gate[kZ] + at)).store(gate[kZ] + at);
      r.store(gate[kR] + at);
      if (kResetAfter) {
        fma(r, Vec::load(gate[kQ] + at), Vec::load(gate[kG] + at)).store(gate[kG] + at);
      } else {
        (r * Vec::load(h + at)).store(gate[kQ] + at);
      }
    }
  }
}

// g and h of a group.
void step_state(const Forward& f, const Step& step, int64_t group, Range batch) {
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    const float* z = f.gates.at(group * kSlots + kZ, step.gates + n);
    float* gate_g = f.gates.at(group * kSlots + kG, step.gates + n);
    const float* h = f.h.at(group, step.h + n);
    float* next_h = f.h.at(group, step.next_h + n);
    const bool masked = is_masked(f.s, f.in.mask, n, step.t);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec g = tanh(Vec::load(gate_g + at)), old_h = Vec::load(h + at);
      g.store(gate_g + at);
      const Vec new_h = masked ? old_h : fma(Vec::load(z + at), old_h - g, g);
      new_h.store(next_h + at);
      store_units(f.s, new_h, f.y, n, step.t, group * kPanel + at);
    }
  }
}

// Part of a group's sums: `from` @ ug, or the same for some gates, into a slot.
struct SlotProduct {
  const float* from;
  const int64_t* columns;
  int64_t group, gate, gates;
  int slot;
  bool add;
  const float* bias;
};

void multiply_slots(const Forward& f, const SlotProduct& w, const PanelRows& rows, int64_t row,
                    int64_t count) {
  PanelProduct p = {};
  p.rows = count, p.columns = w.gates * kPanel;
  p.a = w.from, p.a_row = rows.offset, p.a_column = w.columns;
  p.b = {f.memory.common.u, f.s.U}, p.first_panel = w.group * kGateCount + w.gate;
  p.c = f.gates.at(w.group * kSlots + w.slot, row), p.c_row = rows.offset;
  p.c_panel = f.gates.step;
  p.add = w.add, p.bias = w.bias;
  multiply_step(f.s, p);
}

void begin_step(const Forward& f, const Step& step, const Part& part) {
  const PanelRows rows;
  const bool after = f.s.reset_after;
  const int64_t* h_columns = f.memory.common.h_columns;
  const float* b = f.in.b != nullptr ? f.memory.state_b : nullptr;
  each_row_block(part.rows, [&](Range batch) {
    const float* h = f.h.at(0, step.h + batch.begin);
    const int64_t row = step.gates + batch.begin, count = batch.end - batch.begin;
    each_group(part, step.step, [&](int64_t group) {
      multiply_slots(f, {h, h_columns, group, kZ, 2, kZ, true, nullptr}, rows, row, count);
      if (after) {
        const float* bias = b != nullptr ? b + (group * kGateCount + kG) * kPanel : nullptr;
        multiply_slots(f, {h, h_columns, group, kG, 1, kQ, false, bias}, rows, row, count);
        step_gates<true>(f, step, group, batch);
        step_state(f, step, group, batch);
      } else {
        step_gates<false>(f, step, group, batch);
      }
    });
  });
}

// Without reset_after: what needs r * h of all units.
void finish_step(const Forward& f, const Step& step, const Part& part) {
  const PanelRows rows;
  each_row_block(part.rows, [&](Range batch) {
    const int64_t row = step.gates + batch.begin, count = batch.end - batch.begin;
    const float* q = f.gates.at(kQ, row);
    each_group(part, step.step, [&](int64_t group) {
      multiply_slots(f, {q, f.memory.q_columns, group, kG, 1, kG, true, nullptr}, rows, row, count);
      step_state(f, step, group, batch);
    });
  });
}

}  // namespace

void gru_forward(const Exec& exec, const GruShape& s, const RecurrentInputs& in,
                 const RecurrentOutputs& out) {
  if (is_one_step(s, out)) return gru_step(exec, s, in, out);
  const bool training = out.saved != nullptr;
  const Keep keep = {training, training};
  const Memory memory(s, exec.threads, exec.scratch);
  const Part part = part_of_team(s, kGateCount, exec);
  Forward f = {s, in, out.y, memory.common.gates, memory.common.h, memory};
  if (training) {
    Pieces pieces = {reinterpret_cast<char*>(out.saved)};
    const Saved saved(s, &pieces);
    f.gates = saved.gates, f.h = saved.h;
  }
  pack_gates(exec, s.D, s.U, kInputGates, in.w, memory.common.w);
  pack_gates(exec, s.U, s.U, kInputGates, in.u, memory.common.u);
  pack_biases(exec, s, in.b, memory);
  if (exec.thread == 0) {
    fill_panel_columns(s.U, f.h.step, memory.common.h_columns);
    fill_panel_columns(s.U, kSlots * f.gates.step, memory.q_columns);
  }
  load_state(s, part, in.h0, f.h, 0);
  exec.barrier();

  const float* b = in.b != nullptr ? memory.common.b : nullptr;
  each_step(exec, s, part, kInputGates, {in.x, {memory.common.w, s.D}, b, f.gates}, keep,
            [&](const Step& step) {
              share_step(exec, s, part, [&](const Part& mine) { begin_step(f, step, mine); });
              if (s.reset_after) return;
              share_step(exec, s, part, [&](const Part& mine) { finish_step(f, step, mine); });
            });
  store_state(s, part, f.h, last_h(s, keep), out.h);
}

int64_t gru_saved(const GruShape& s) {
  Pieces pieces = {nullptr};
  const Saved saved(s, &pieces);
  return pieces.used / static_cast<int64_t>(sizeof(float));
}

int64_t gru_forward_workspace(const GruShape& s, int threads) {
  int64_t most = 0;  // a smaller team takes other cuts
  for (int team = 1; team <= threads; ++team) {
    most = larger(most, Memory(s, team, nullptr).pieces.used);
  }
  return most;
}

}  // namespace brasa::cpu::BRASA_ISA
