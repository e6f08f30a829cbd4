// The gradients of an LSTM. Chunk by chunk from the last step on: first the recurrence, which leaves
// the gradients by the gates' sums, then the products that need no order while those are near.
#include "cpu/isa/kernels.h"
#include "cpu/isa/lstm_saved.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Steps in a chunk, by the shape alone: the sums of the weight gradients are cut there.
int64_t steps_in_chunk(const RecurrentShape& s) {
  return smaller(larger(1, s.T), larger(1, 3 * kBlockSum / larger(1, s.N)));
}

struct BackwardScratch {
  float *w, *u, *copy;
  int64_t* columns;
  Panels dgates, dh, dc;
  int64_t bytes;

  BRASA_INLINE BackwardScratch(const RecurrentShape& s, int threads, char* base) {
    Pieces pieces = {base};
    w = pieces.take<float>(round_up(s.D, kPanel) * kGateCount * s.U);
    u = pieces.take<float>(round_up(s.U, kPanel) * kGateCount * s.U);
    copy = pieces.take<float>(threads * kPackedA);
    columns = pieces.take<int64_t>(kGateCount * s.U);
    dgates = pieces.panels(kGateCount * groups_of(s), steps_in_chunk(s) * s.N);
    dh = pieces.panels(groups_of(s), s.N);
    dc = pieces.panels(groups_of(s), s.N);
    bytes = pieces.used;
  }
};

struct BackwardStep {
  const RecurrentShape& s;
  const RecurrentSlopes& in;
  Saved saved;
  BackwardScratch scratch;
  int64_t step, t;
  int64_t row;  // of dgates
};

// From dh and dc after the step to the gradients by the sums of the gates, and dc before the step. dh
// becomes what skips the step: all of it where the row is masked, else nothing.
void step_cell(const BackwardStep& f, int64_t group, Range batch) {
  const Vec one = Vec::all(1.f);
  const int64_t unit = group * kPanel;
  for (int64_t n = batch.begin; n < batch.end; ++n) {
    const int64_t row = f.step * f.s.N + n;
    float *dh = f.scratch.dh.at(group, n), *dc = f.scratch.dc.at(group, n);
    const float *c = f.saved.c.at(group, row), *next_c = f.saved.c.at(group, row + f.s.N);
    const bool masked = f.in.mask != nullptr && f.in.mask[n * f.s.T + f.t] == 0;
    const float* dy = f.in.dy == nullptr ? nullptr : f.in.dy + (n * f.s.T + f.t) * f.s.U + unit;
    const float* gate[kGateCount];
    float* dgate[kGateCount];
    for (int k = 0; k < kGateCount; ++k) {
      gate[k] = f.saved.gates.at(group * kGateCount + k, row);
      dgate[k] = f.scratch.dgates.at(group * kGateCount + k, f.row + n);
    }
    for (int v = 0; v < kTileVectors; ++v) {
      const int64_t at = v * Vec::width, count = smaller(Vec::width, f.s.U - unit - at);
      Vec slope = Vec::load(dh + at);
      if (dy != nullptr && count > 0) slope = slope + load(dy, {at, static_cast<int>(count)});
      if (masked) {
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

// dh = dgates @ u^T, added to what skips the step where there is a mask.
void step_back(const BackwardStep& f, const Part& part) {
  const PanelRows rows;
  each_row_block(part.rows, [&](Range batch) {
    PanelProduct p = {};
    p.rows = batch.end - batch.begin;
    p.columns = (part.groups.end - part.groups.begin) * kPanel;
    p.a = f.scratch.dgates.at(0, f.row + batch.begin), p.a_row = rows.offset;
    p.a_column = f.scratch.columns;
    p.b = {f.scratch.u, kGateCount * f.s.U};
    p.first_panel = part.groups.begin;
    p.c = f.scratch.dh.at(part.groups.begin, batch.begin);
    p.c_row = rows.offset, p.c_panel = f.scratch.dh.step;
    p.add = f.in.mask != nullptr;
    multiply_panels(p);
  });
}

}  // namespace

void lstm_backward(const Exec& exec, const RecurrentShape& s, const RecurrentSlopes& in,
                   const RecurrentGradients& out) {
  const BackwardScratch scratch(s, exec.threads, exec.scratch);
  const Part part = part_of_team(s, kGateCount, exec);
  // Only read.
  const Saved saved(s, {reinterpret_cast<char*>(const_cast<float*>(in.saved))});
  if (out.dx != nullptr) pack_transposed(exec, s.D, s.U, kGates, in.w, scratch.w);
  pack_transposed(exec, s.U, s.U, kGates, in.u, scratch.u);
  if (exec.thread == 0) gate_columns(s.U, kGates, scratch.dgates.step, scratch.columns);
  load_state(s, part, in.dh, scratch.dh, 0);
  load_state(s, part, in.dc, scratch.dc, 0);
  exec.barrier();

  BackwardStep f = {s, in, saved, scratch, 0, 0, 0};
  const int64_t in_chunk = steps_in_chunk(s), chunks = ceil_div(s.T, in_chunk);
  for (int64_t k = larger(1, chunks) - 1; k >= 0; --k) {
    const Range steps = {k * in_chunk, smaller(s.T, (k + 1) * in_chunk)};
    for (f.step = steps.end - 1; f.step >= steps.begin; --f.step) {
      f.t = time_of(s, f.step);
      f.row = (f.step - steps.begin) * s.N;
      for (int64_t group = part.groups.begin; group < part.groups.end; ++group) {
        step_cell(f, group, part.rows);
      }
      if (part.meets) exec.barrier();
      step_back(f, part);
    }
    exec.barrier();
    const Chunk chunk = {steps, scratch.dgates, k == larger(1, chunks) - 1};
    const Panels h = {saved.h.at(0, steps.begin * s.N), saved.h.step};
    add_state_weight_gradient(exec, s, kGates, {0, kGateCount}, chunk, h, out.du, scratch.copy);
    add_input_weight_gradient(exec, s, kGates, chunk, in.x, out.dw, scratch.copy);
    add_bias_gradient(exec, s, kGates, chunk, out.db);
    multiply_input_gradient(exec, s, kGates, chunk, {scratch.w, scratch.columns}, out.dx);
    if (k > 0) exec.barrier();
  }
  store_state(s, part, scratch.dh, 0, out.dh0);
  store_state(s, part, scratch.dc, 0, out.dc0);
}

int64_t lstm_backward_workspace(const RecurrentShape& s, int threads) {
  return BackwardScratch(s, threads, nullptr).bytes;
}

}  // namespace brasa::cpu::BRASA_ISA
