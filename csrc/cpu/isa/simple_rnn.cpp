#include "cpu/isa/activate.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/recurrent_backward.h"
#include "cpu/isa/recurrent_forward.h"
#include "cpu/isa/recurrent_step.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr Gates kGates = {1, 1, {0}};
constexpr Range kAll = {0, 1};

// Groups whose sums are made before their cell is: as many panels as an LSTM's group has.
constexpr int64_t kGroupsAtOnce = 4;

// saved: h before step s in the rows s * N + n.
BRASA_INLINE Panels saved_h(const RecurrentShape& s, Pieces* pieces) {
  return pieces->panels(groups_of(s), (s.T + 1) * s.N);
}

struct Forward {
  const SimpleRnnShape& s;
  const RecurrentInputs& in;
  float* y;
  Panels sums, h;
};

void step_cell(const Forward& f, const Step& step, int64_t group, Range batch) {
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    const float* sum = f.sums.at(group, step.gates + n);
    const float* h = f.h.at(group, step.h + n);
    float* next_h = f.h.at(group, step.next_h + n);
    const bool masked = is_masked(f.s, f.in.mask, n, step.t);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec new_h = masked ? Vec::load(h + at) : activate(f.s.activation, Vec::load(sum + at));
      new_h.store(next_h + at);
      store_units(f.s, new_h, f.y, n, step.t, group * kPanel + at);
    }
  }
}

void run_step(const Forward& f, const Step& step, const Part& part, const ForwardMemory& memory) {
  const PanelRows rows;
  each_row_block(part.rows, [&](Range batch) {
    for (int64_t group = part.groups.begin; group < part.groups.end; group += kGroupsAtOnce) {
      const int64_t end = smaller(group + kGroupsAtOnce, part.groups.end);
      PanelProduct p = {};
      p.rows = batch.end - batch.begin, p.columns = (end - group) * kPanel;
      p.a = f.h.at(0, step.h + batch.begin), p.a_row = rows.offset, p.a_column = memory.h_columns;
      p.b = {memory.u, f.s.U}, p.first_panel = group;
      p.c = f.sums.at(group, step.gates + batch.begin);
      p.c_row = rows.offset, p.c_panel = f.sums.step;
      p.add = true;
      multiply_step(f.s, p);
      for (int64_t i = group; i < end; ++i) step_cell(f, step, i, batch);
    }
  });
}

struct Backward {
  const SimpleRnnShape& s;
  const RecurrentSlopes& in;
  Panels h, dsums, dh;
};

template <ActivationKind kind>
void step_back(const Backward& f, const BackStep& step, int64_t group, Range batch) {
  const Vec alpha = Vec::all(f.s.activation.alpha);
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    const float* h = f.h.at(group, step.saved + f.s.N + n);
    float *dh = f.dh.at(group, n), *dsum = f.dsums.at(group, step.dgates + n);
    const bool masked = is_masked(f.s, f.in.mask, n, step.t);
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const Vec slope =
          Vec::load(dh + at) + load_units(f.s, f.in.dy, n, step.t, group * kPanel + at);
      const Vec by_sum = activate_backward<kind>(slope, Vec::load(h + at), alpha);
      (masked ? Vec::zero() : by_sum).store(dsum + at);
      (masked ? slope : Vec::zero()).store(dh + at);
    }
  }
}

void step_back(const Backward& f, const BackStep& step, int64_t group, Range batch) {
  with_activation(f.s.activation.kind,
                  [&](auto tag) { step_back<decltype(tag)::kind>(f, step, group, batch); });
}

}  // namespace

void simple_rnn_forward(const Exec& exec, const SimpleRnnShape& s, const RecurrentInputs& in,
                        const RecurrentOutputs& out) {
  if (is_one_step(s, out)) return simple_rnn_step(exec, s, in, out);
  const Keep keep = {false, out.saved != nullptr};
  Pieces scratch = {exec.scratch}, saved = {reinterpret_cast<char*>(out.saved)};
  const ForwardMemory memory(s, kGates, exec.threads, &scratch);
  const Part part = part_of_team(s, kGates.count, exec);
  const Forward f = {s, in, out.y, memory.gates, keep.h ? saved_h(s, &saved) : memory.h};
  pack_gates(exec, s.D, s.U, kGates, in.w, memory.w);
  pack_gates(exec, s.U, s.U, kGates, in.u, memory.u);
  if (in.b != nullptr) pack_gates(exec, 1, s.U, kGates, in.b, memory.b);
  if (exec.thread == 0) fill_panel_columns(s.U, f.h.step, memory.h_columns);
  load_state(s, part, in.h0, f.h, 0);
  exec.barrier();

  const float* b = in.b != nullptr ? memory.b : nullptr;
  each_step(exec, s, part, kGates, {in.x, {memory.w, s.D}, b, f.sums}, keep, [&](const Step& step) {
    share_step(exec, s, part, [&](const Part& mine) { run_step(f, step, mine, memory); });
  });
  store_state(s, part, f.h, last_h(s, keep), out.h);
}

void simple_rnn_backward(const Exec& exec, const SimpleRnnShape& s, const RecurrentSlopes& in,
                         const RecurrentGradients& out) {
  Pieces scratch = {exec.scratch};
  Pieces saved = {reinterpret_cast<char*>(const_cast<float*>(in.saved))};  // only read
  const BackwardMemory memory(s, kGates, exec.threads, &scratch);
  const Part part = part_of_team(s, kGates.count, exec);
  const Backward f = {s, in, saved_h(s, &saved), memory.dgates, memory.dh};
  if (out.dx != nullptr) pack_transposed(exec, s.D, s.U, kGates, kAll, in.w, memory.w);
  pack_transposed(exec, s.U, s.U, kGates, kAll, in.u, memory.u);
  if (exec.thread == 0) fill_panel_columns(s.U, f.dsums.step, memory.u_columns);
  load_state(s, part, in.dh, f.dh, 0);
  exec.barrier();

  each_step_back(
      exec, s,
      [&](const BackStep& step) {
        share_step(exec, s, part, [&](const Part& mine) {
          for (int64_t group = mine.groups.begin; group < mine.groups.end; ++group) {
            step_back(f, step, group, mine.rows);
          }
        });
        const StateGradient g = {f.dsums, step.dgates, memory.u, memory.u_columns,
                                 s.U,     f.dh,        step.step};
        multiply_state_gradient(exec, s, part, g, in.mask != nullptr);
      },
      [&](Range steps, bool first) {
        const Chunk chunk = {steps, f.dsums, first};
        const Panels h = {f.h.at(0, steps.begin * s.N), f.h.step};
        add_state_weight_gradient(exec, s, kGates, kAll, chunk, h, out.du, memory.copy);
        add_input_weight_gradient(exec, s, kGates, chunk, in.x, out.dw, memory.copy);
        add_bias_gradient(exec, s, kGates, chunk, out.db);
        multiply_input_gradient(exec, s, kGates, chunk, {memory.w, memory.u_columns}, out.dx);
      });
  store_state(s, part, f.dh, 0, out.dh0);
}

int64_t simple_rnn_saved(const SimpleRnnShape& s) {
  Pieces pieces = {nullptr};
  saved_h(s, &pieces);
  return pieces.used / static_cast<int64_t>(sizeof(float));
}

int64_t simple_rnn_forward_workspace(const SimpleRnnShape& s, int threads) {
  int64_t most = 0;  // a smaller team takes other cuts
  for (int team = 1; team <= threads; ++team) {
    Pieces pieces = {nullptr};
    const ForwardMemory memory(s, kGates, team, &pieces);
    most = larger(most, pieces.used);
  }
  return most;
}

int64_t simple_rnn_backward_workspace(const SimpleRnnShape& s, int threads) {
  Pieces pieces = {nullptr};
  const BackwardMemory memory(s, kGates, threads, &pieces);
  return pieces.used;
}

}  // namespace brasa::cpu::BRASA_ISA
