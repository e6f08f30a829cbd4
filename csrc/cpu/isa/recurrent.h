// What the recurrent kernels share: how their matrices lie, how a team divides the work, and the
// products that are not part of a cell.
//
// All that a step makes lies in panels (Panels below): kPanel columns at a time, row after row,
// where a row is one sequence at one step. A group is kPanel units; its gates are neighbouring
// panels, so the cell reads whole vectors. The same memory then is
//   - the result of the tile, and its row operand: the rows of a tile are neighbouring lines;
//   - the packed column operand of the weight gradients: nothing is copied for them.
// Lanes past the last unit are filled up: their weights are 0.
//
// Rows of the batch need no other row's state: in short steps each thread has some of its own, and no
// barrier is needed between steps. In long ones, and where the rows are few or the weights too large for
// a cache of one core, the threads take groups of units as they go and meet after each step: a slower
// core then keeps nobody waiting, and each weight passes through one core alone. (256 units, 64 rows, Zen 3,
// two cores: rows shared as they go take as long as rows of one's own, groups 0.82 and in training 0.92
// of that.)
#pragma once

#include "cpu/isa/gemm.h"
#include "ops/recurrent.h"

namespace brasa::cpu::BRASA_ISA {

// Column j of row i lies at data[j / kPanel * step + i * kPanel + j % kPanel].
struct Panels {
  float* data;
  int64_t step;  // floats from panel to panel

  BRASA_INLINE float* at(int64_t panel, int64_t row) const {
    return data + panel * step + row * kPanel;
  }
};

// Weights of `rows` rows, packed for the tile: a panel is all rows of kPanel columns.
struct PackedWeights {
  const float* data;
  int64_t rows;

  BRASA_INLINE const float* at(int64_t panel) const { return data + panel * rows * kPanel; }
};

// The gates of a cell: blocks of columns of the weights, and the panel of the group that each one
// has among the `slots` that a step keeps.
struct Gates {
  int count, slots;
  int slot[4];
};

// One thread's part of the rows of the batch and of the groups of units.
struct Part {
  Range rows, groups;
  bool meets;  // steps are shared by groups, and then there is a barrier
};

Part part_of_team(const RecurrentShape& s, int64_t gates, const Exec& exec);
// Steps whose input products are made at once, so that the gates are still near when their step
// comes.
int64_t steps_at_once(const RecurrentShape& s, int64_t gates, int threads);
// Steps of one chunk of the backward pass, by the shape alone: the sums of the weight gradients are
// cut there.
int64_t steps_in_chunk(const RecurrentShape& s);

// Packing, by the whole team; a barrier is needed before the result is read. Null weights: nothing.
// weights (rows, gates * U), or the bias with rows == 1: panel group * gates + gate.
void pack_gates(const Exec&, int64_t rows, int64_t U, const Gates&, const float* weights,
                float* packed);
// weights^T for the gates [which.begin, which.end): the columns are those of rows [0, columns) of
// weights (columns, gates * U), and the sum runs over the units of a group, gate by gate: the order
// of fill_gate_columns().
void pack_transposed(const Exec&, int64_t columns, int64_t U, const Gates&, Range which,
                     const float* weights, float* packed);

// c = a @ b + bias or c += a @ b, for neighbouring panels of b.
struct PanelProduct {
  int64_t rows, columns;
  const float* a;  // as in GemmBlock
  const int64_t *a_row, *a_column;
  PackedWeights b;
  int64_t first_panel;  // of b
  float* c;
  const int64_t* c_row;
  int64_t c_panel;
  bool add;
  bool backwards;     // a batch of one: the last panels first, see each_group()
  const float* bias;  // one float for each column, or null
};
void multiply_panels(const PanelProduct&);
// The same for the product of a step: a batch of one has a kernel of its own, which sums in another
// order. The batch decides, not the rows: those depend on the number of threads.
void multiply_step(const RecurrentShape&, const PanelProduct&);
// Panels that it then takes at once.
constexpr int64_t kRowPanels = 4;

// States (N, U) in panels, for the rows and groups of a part; null: zeros.
void load_state(const RecurrentShape&, const Part&, const float* state, const Panels& to,
                int64_t first_row);
void store_state(const RecurrentShape&, const Part&, const Panels& from, int64_t first_row,
                 float* state);

namespace {

// An odd number of lines: neighbouring panels do not fall on the same places of a cache.
BRASA_INLINE int64_t panel_step(int64_t rows) { return (rows | 1) * kPanel; }
BRASA_INLINE int64_t groups_of(const RecurrentShape& s) { return ceil_div(s.U, kPanel); }

// out[j] = where column j of a row of panels lies, relative to the row.
BRASA_INLINE void fill_panel_columns(int64_t columns, int64_t step, int64_t* out) {
  for (int64_t j = 0; j < columns; ++j) out[j] = j / kPanel * step + j % kPanel;
}

// The same for some gates of a step, group by group, in each gate by gate, without the filling.
BRASA_INLINE void fill_gate_columns(int64_t U, const Gates& gates, Range which, int64_t step,
                                    int64_t* out) {
  for (int64_t j = 0; j < U; j += kPanel) {
    for (int64_t k = which.begin; k < which.end; ++k) {
      const int64_t panel = j / kPanel * gates.slots + gates.slot[k];
      for (int64_t i = 0; i < smaller(kPanel, U - j); ++i) *out++ = panel * step + i;
    }
  }
}

// Hands out memory in pieces of whole cache lines. With a null base it only counts.
struct Pieces {
  char* base;
  int64_t used = 0;

  template <class T>
  BRASA_INLINE T* take(int64_t count) {
    T* piece = reinterpret_cast<T*>(base + used);
    used += round_up(count * static_cast<int64_t>(sizeof(T)), 64);
    return piece;
  }
  BRASA_INLINE Panels panels(int64_t panels, int64_t rows) {
    return {take<float>(panels * panel_step(rows)), panel_step(rows)};
  }
};

// Rows i of panels: i * kPanel.
struct PanelRows {
  int64_t offset[kBlockRows];
  BRASA_INLINE PanelRows() { fill_offsets(kBlockRows, kPanel, offset); }
};

// f(Range) for blocks of at most kBlockRows, and of nearly equal length.
template <class F>
BRASA_INLINE void each_row_block(Range rows, F f) {
  const int64_t count = rows.end - rows.begin, blocks = ceil_div(count, kBlockRows);
  for (int64_t i = 0; i < blocks; ++i) {
    const Range part = part_of(count, blocks, i);
    f(Range{rows.begin + part.begin, rows.begin + part.end});
  }
}

BRASA_INLINE bool is_masked(const RecurrentShape& s, const float* mask, int64_t n, int64_t t) {
  return mask != nullptr && mask[n * s.T + t] == 0;
}

// The vector of y (N,T,U) that begins at a unit; lanes past the last unit are left out.
BRASA_INLINE Vec load_units(const RecurrentShape& s, const float* y, int64_t n, int64_t t,
                            int64_t unit) {
  const int64_t count = smaller(Vec::width, s.U - unit);
  if (y == nullptr || count <= 0) return Vec::zero();
  return load(y + (n * s.T + t) * s.U + unit, {0, static_cast<int>(count)});
}
BRASA_INLINE void store_units(const RecurrentShape& s, Vec h, float* y, int64_t n, int64_t t,
                              int64_t unit) {
  const int64_t count = smaller(Vec::width, s.U - unit);
  if (y == nullptr || count <= 0) return;
  store(h, y + (n * s.T + t) * s.U + unit, {0, static_cast<int>(count)});
}

// f(Part) for what this thread does of a step: its own part, or what it takes of all, at least `grain`
// groups at once, and then they meet.
template <class F>
BRASA_INLINE void share_step(const Exec& exec, const RecurrentShape& s, const Part& own, F f,
                             int64_t grain = 1) {
  if (!own.meets) return f(own);
  for (const Range groups : exec.portions(groups_of(s), grain, grain)) {
    f(Part{{0, s.N}, groups, true});
  }
  exec.barrier();
}

// f(group) for the groups of a part, forth in one step and back in the next: what is left in the
// cache of the weights, where they are larger, is then used before it is thrown out.
template <class F>
BRASA_INLINE void each_group(const Part& part, int64_t step, F f) {
  const int64_t begin = part.groups.begin, end = part.groups.end;
  for (int64_t i = begin; i < end; ++i) f(step % 2 == 0 ? i : begin + end - 1 - i);
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
