#include "cpu/isa/kernels.h"
#include "cpu/isa/lstm_saved.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Steps whose input products are made at once, so that the gates are still near when their step comes:
// about two blocks of rows.
int64_t steps_at_once(const RecurrentShape& s, int threads) {
  const int64_t rows = larger(1, most_rows(s, kGateCount, threads));
  return smaller(larger(1, s.T), larger(1, 2 * kBlockRows / rows));
}

struct ForwardScratch {
  float *w, *u, *b;
  int64_t* h_columns;
  Panels gates, c, h;  // of inference: gates of some steps, c in place, h in two places by turns
  int64_t bytes;

  BRASA_INLINE ForwardScratch(const RecurrentShape& s, int threads, char* base) {
    Pieces pieces = {base};
    const int64_t panels = kGateCount * groups_of(s);
    w = pieces.take<float>(panels * s.D * kPanel);
    u = pieces.take<float>(panels * s.U * kPanel);
    b = pieces.take<float>(panels * kPanel);
    h_columns = pieces.take<int64_t>(s.U);
    gates = pieces.panels(panels, steps_at_once(s, threads) * s.N);
    c = pieces.panels(groups_of(s), s.N);
    h = pieces.panels(groups_of(s), 2 * s.N);
    bytes = pieces.used;
  }
};

// Where the states and gates of a step lie: the first of N rows each.
struct StepRows {
  int64_t gates, c, next_c, h, next_h;
};

struct ForwardStep {
  const RecurrentShape& s;
  const RecurrentInputs& in;
  Panels gates, c, h;
  float* y;
  int64_t t;
  StepRows rows;
};

// The cell, for one group of units and some rows of the batch.
template <bool kKeep>
void step_cell(const ForwardStep& f, int64_t group, Range batch) {
  const int64_t unit = group * kPanel;
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    float* gate[kGateCount];
    for (int k = 0; k < kGateCount; ++k) {
      gate[k] = f.gates.at(group * kGateCount + k, f.rows.gates + n);
    }
    const float *c = f.c.at(group, f.rows.c + n), *h = f.h.at(group, f.rows.h + n);
    float *next_c = f.c.at(group, f.rows.next_c + n), *next_h = f.h.at(group, f.rows.next_h + n);
    const bool masked = f.in.mask != nullptr && f.in.mask[n * f.s.T + f.t] == 0;
    float* y = f.y == nullptr ? nullptr : f.y + (n * f.s.T + f.t) * f.s.U + unit;
    for (int v = 0; v < kTileVectors; ++v) {
      const int64_t at = v * Vec::width;
      const Vec old_c = Vec::load(c + at);
      Vec new_c = old_c, new_h;
      if (masked) {
        new_h = Vec::load(h + at);
      } else {
        const Vec i = sigmoid(Vec::load(gate[0] + at)), forget = sigmoid(Vec::load(gate[1] + at));
        const Vec g = tanh(Vec::load(gate[2] + at)), o = sigmoid(Vec::load(gate[3] + at));
        new_c = fma(forget, old_c, i * g);
        new_h = o * tanh(new_c);
        if (kKeep) {
          i.store(gate[0] + at), forget.store(gate[1] + at);
          g.store(gate[2] + at), o.store(gate[3] + at);
        }
      }
      new_c.store(next_c + at);
      new_h.store(next_h + at);
      const int64_t count = smaller(Vec::width, f.s.U - unit - at);
      if (y != nullptr && count > 0) store(new_h, y, {at, static_cast<int>(count)});
    }
  }
}

void step_forward(const ForwardStep& f, const Part& part, const ForwardScratch& scratch,
                  bool keep) {
  const PanelRows rows;
  each_row_block(part.rows, [&](Range batch) {
    for (int64_t group = part.groups.begin; group < part.groups.end; ++group) {
      PanelProduct p = {};
      p.rows = batch.end - batch.begin, p.columns = kGateCount * kPanel;
      p.a = f.h.at(0, f.rows.h + batch.begin), p.a_row = rows.offset;
      p.a_column = scratch.h_columns;
      p.b = {scratch.u, f.s.U};
      p.first_panel = group * kGateCount;
      p.c = f.gates.at(group * kGateCount, f.rows.gates + batch.begin);
      p.c_row = rows.offset, p.c_panel = f.gates.step;
      p.add = true;
      multiply_panels(p);
      keep ? step_cell<true>(f, group, batch) : step_cell<false>(f, group, batch);
    }
  });
}

}  // namespace

void lstm_forward(const Exec& exec, const RecurrentShape& s, const RecurrentInputs& in,
                  const RecurrentOutputs& out) {
  const bool keep = out.saved != nullptr;
  const ForwardScratch scratch(s, exec.threads, exec.scratch);
  const Part part = part_of_team(s, kGateCount, exec);
  ForwardStep f = {s, in, scratch.gates, scratch.c, scratch.h, out.y, 0, {}};
  if (keep) {
    const Saved saved(s, {reinterpret_cast<char*>(out.saved)});
    f.gates = saved.gates, f.c = saved.c, f.h = saved.h;
  }
  pack_gates(exec, s.D, s.U, kGates, in.w, scratch.w);
  pack_gates(exec, s.U, s.U, kGates, in.u, scratch.u);
  if (in.b != nullptr) pack_gates(exec, 1, s.U, kGates, in.b, scratch.b);
  if (exec.thread == 0) fill_panel_columns(s.U, f.h.step, scratch.h_columns);
  load_state(s, part, in.h0, f.h, 0);
  load_state(s, part, in.c0, f.c, 0);
  exec.barrier();

  const int64_t at_once = steps_at_once(s, exec.threads);
  for (int64_t first = 0; first < s.T; first += at_once) {
    const Range steps = {first, smaller(s.T, first + at_once)};
    const Panels gates = {f.gates.at(0, keep ? first * s.N : 0), f.gates.step};
    const float* b = in.b != nullptr ? scratch.b : nullptr;
    multiply_inputs(s, part, kGates, steps, {in.x, {scratch.w, s.D}, b, gates});
    for (int64_t step = first; step < steps.end; ++step) {
      f.t = time_of(s, step);
      f.rows =
          keep ? StepRows{step * s.N, step * s.N, (step + 1) * s.N, step * s.N, (step + 1) * s.N}
               : StepRows{(step - first) * s.N, 0, 0, step % 2 * s.N, (step + 1) % 2 * s.N};
      step_forward(f, part, scratch, keep);
      if (part.meets) exec.barrier();
    }
  }
  store_state(s, part, f.h, keep ? s.T * s.N : s.T % 2 * s.N, out.h);
  store_state(s, part, f.c, keep ? s.T * s.N : 0, out.c);
}

int64_t lstm_saved(const RecurrentShape& s) {
  const int64_t floats_of_a_line = 64 / static_cast<int64_t>(sizeof(float));
  const int64_t panels = groups_of(s);
  return round_up(kGateCount * panels * panel_step(s.T * s.N), floats_of_a_line) +
         2 * round_up(panels * panel_step((s.T + 1) * s.N), floats_of_a_line);
}

int64_t lstm_forward_workspace(const RecurrentShape& s, int threads) {
  int64_t most = 0;
  for (int team = 1; team <= threads; ++team) {
    most = larger(most, ForwardScratch(s, team, nullptr).bytes);
  }
  return most;
}

}  // namespace brasa::cpu::BRASA_ISA
