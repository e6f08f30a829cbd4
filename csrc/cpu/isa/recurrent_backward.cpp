#include "cpu/isa/recurrent_backward.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// a^T @ dgates: dw of x, du of the states.
struct WeightGradient {
  int64_t m;           // columns of a
  const float* a;      // x (N,T,D), or
  int64_t panel_step;  // not 0: panels whose row 0 belongs to row 0 of dgates
  Range gates;
  float* out;

  // Where columns of a lie in a row.
  BRASA_INLINE void fill_columns(Range columns, int64_t* at) const {
    for (int64_t i = columns.begin; i < columns.end; ++i) {
      *at++ = panel_step == 0 ? i : i / kPanel * panel_step + i % kPanel;
    }
  }
  // Where rows of a begin, for the rows of a chunk.
  BRASA_INLINE void fill_rows(const RecurrentShape& s, int64_t first_step, Range rows,
                              int64_t* at) const {
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      *at++ =
          panel_step == 0 ? (r % s.N * s.T + time_of(s, first_step + r / s.N)) * s.D : r * kPanel;
    }
  }
};

// The end of the panels that are equally far apart in dgates and in the gradient, and so are one product, for
// the tile over two panels: all panels of a single gate, or whole ones of one group.
int64_t end_of_neighbours(const RecurrentShape& s, const Gates& gates, Range which, Range panels) {
  if (gates.count == 1) return panels.end;
  const int64_t wanted = which.end - which.begin, group = panels.begin / wanted;
  const int* slot = gates.slot + which.begin;
  int64_t next = panels.begin + 1;
  if ((group + 1) * kPanel > s.U) return next;
  const int64_t end = smaller(panels.end, (group + 1) * wanted);
  while (next < end && slot[next % wanted] == slot[next % wanted - 1] + 1) ++next;
  return next;
}

void add_weight_gradient(const Exec& exec, const RecurrentShape& s, const Gates& gates,
                         const Chunk& chunk, const WeightGradient& w, float* copy) {
  const int64_t rows = chunk.rows(s), columns = gates.count * s.U, blocks = sum_blocks(rows);
  const int64_t wanted = w.gates.end - w.gates.begin;
  int64_t a_row[kBlockRows], a_column[kBlockSum], c_row[kBlockRows];
  int64_t copy_row[kBlockRows], copy_column[kBlockSum];
  fill_packed_rows(kBlockRows, copy_row);
  fill_offsets(kBlockSum, kTileRows, copy_column);
  fill_offsets(kBlockRows, columns, c_row);
  copy += exec.thread * kPackedA;
  GemmBlock product = {};
  product.a = copy, product.a_row = copy_row, product.a_column = copy_column;
  product.c_row = c_row;
  product.c_panel = gates.count == 1 ? kPanel : s.U;
  const auto multiply = [&](const Rectangle& mine) {
    const Range m = {mine.rows.begin * kTileRows, smaller(w.m, mine.rows.end * kTileRows)};
    for (int64_t block = 0; block < blocks; ++block) {
      const Range sum = part_of(rows, blocks, block);
      w.fill_rows(s, chunk.steps.begin, sum, a_column);
      product.sum = sum.end - sum.begin;
      product.b_panel = chunk.dgates.step;
      product.add = block > 0 || !chunk.first;
      each_row_block(m, [&](Range i) {
        w.fill_columns(i, a_row);
        product.rows = i.end - i.begin;
        pack_a(product.rows, product.sum, w.a, a_row, a_column, copy);
        for (int64_t p = mine.columns.begin, next; p < mine.columns.end; p = next) {
          const int64_t group = p / wanted, gate = w.gates.begin + p % wanted;
          next = end_of_neighbours(s, gates, w.gates, {p, mine.columns.end});
          product.columns = smaller((next - p) * kPanel, s.U - group * kPanel);
          if (wanted > 1 && next > p + 1) product.columns = (next - p) * kPanel;
          product.b = chunk.dgates.at(group * gates.slots + gates.slot[gate], sum.begin);
          product.c = w.out + i.begin * columns + gate * s.U + group * kPanel;
          multiply_block(product);
        }
      });
    }
  };
  each_rectangle(exec, ceil_div(w.m, kTileRows), groups_of(s) * wanted, {kPieceTiles}, multiply);
}

}  // namespace

void add_input_weight_gradient(const Exec& exec, const RecurrentShape& s, const Gates& gates,
                               const Chunk& chunk, const float* x, float* dw, float* copy) {
  if (dw == nullptr) return;
  add_weight_gradient(exec, s, gates, chunk, {s.D, x, 0, {0, gates.count}, dw}, copy);
}

void add_state_weight_gradient(const Exec& exec, const RecurrentShape& s, const Gates& gates,
                               Range which, const Chunk& chunk, const Panels& h, float* du,
                               float* copy) {
  if (du == nullptr) return;
  add_weight_gradient(exec, s, gates, chunk, {s.U, h.data, h.step, which, du}, copy);
}

void add_bias_gradient(const Exec& exec, const RecurrentShape& s, const Gates& gates,
                       const Chunk& chunk, float* db) {
  if (db == nullptr) return;
  const Range panels = exec.share(groups_of(s) * gates.count);
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const int64_t group = p / gates.count, gate = p % gates.count;
    const float* row = chunk.dgates.at(group * gates.slots + gates.slot[gate], 0);
    Vec even[kTileVectors] = {}, odd[kTileVectors] = {};  // two chains: half the wait
    const int64_t rows = chunk.rows(s);
    for (int64_t r = 0; r < rows; r += 2, row += 2 * kPanel) {
      BRASA_UNROLL_ALL
      for (int v = 0; v < kTileVectors; ++v) {
        even[v] = even[v] + Vec::load(row + v * Vec::width);
        if (r + 1 < rows) odd[v] = odd[v] + Vec::load(row + kPanel + v * Vec::width);
      }
    }
    float sums[kPanel];
    BRASA_UNROLL_ALL
    for (int v = 0; v < kTileVectors; ++v) (even[v] + odd[v]).store(sums + v * Vec::width);
    float* to = db + gate * s.U + group * kPanel;
    each_piece(0, smaller(kPanel, s.U - group * kPanel), [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec before = chunk.first ? Vec::zero() : load(to, piece);
      store(before + Vec::load(sums + piece.at), to, piece);
    });
  }
}

void multiply_input_gradient(const Exec& exec, const RecurrentShape& s, const Gates& gates,
                             const Chunk& chunk, const InputGradient& in, float* dx) {
  if (dx == nullptr) return;
  int64_t c_row[kBlockRows];
  const PanelRows a_row;
  const auto multiply = [&](Range block) {
    for (int64_t r = block.begin; r < block.end; ++r) {
      const int64_t t = time_of(s, chunk.steps.begin + r / s.N);
      c_row[r - block.begin] = (r % s.N * s.T + t) * s.D;
    }
    PanelProduct p = {};
    p.rows = block.end - block.begin, p.columns = s.D;
    p.a = chunk.dgates.at(0, block.begin), p.a_row = a_row.offset, p.a_column = in.columns;
    p.b = {in.w, gates.count * s.U};
    p.c = dx, p.c_row = c_row, p.c_panel = kPanel;
    multiply_panels(p);
  };
  for (const Range mine : exec.portions(chunk.rows(s), kPieceTiles * kTileRows, kTileRows)) {
    each_row_block(mine, multiply);
  }
}

void multiply_state_gradient(const Exec& exec, const RecurrentShape& s, const Part& own,
                             const StateGradient& g, bool add) {
  const PanelRows rows;
  const auto multiply = [&](const Part& part) {
    each_row_block(part.rows, [&](Range batch) {
      PanelProduct p = {};
      p.rows = batch.end - batch.begin;
      p.columns = (part.groups.end - part.groups.begin) * kPanel;
      p.a = g.dgates.at(0, g.first_row + batch.begin), p.a_row = rows.offset;
      p.a_column = g.columns;
      p.b = {g.u, g.sum}, p.first_panel = part.groups.begin;
      p.c = g.dh.at(part.groups.begin, batch.begin), p.c_row = rows.offset;
      p.c_panel = g.dh.step;
      p.add = add, p.backwards = g.step % 2 != 0;
      multiply_step(s, p);
    });
  };
  share_step(exec, s, own, multiply, s.N == 1 ? kRowPanels : kHasPairs ? 2 : 1);
}

}  // namespace brasa::cpu::BRASA_ISA
