#include "cpu/isa/recurrent.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A thread with fewer rows than this leaves half of the tile's sums waiting for each other.
constexpr int64_t kLeastRows = 4;
// Weights from this size on are better shared out: streaming all of them through every core costs
// more than meeting after each step. (Zen 3, 32 MB of last-level cache.)
constexpr int64_t kLargeWeights = int64_t{8} << 20;

struct Parts {
  int64_t rows, groups;
};

Parts parts_of(const RecurrentShape& s, int64_t gates, int threads) {
  const bool large = 4 * gates * s.U * s.U >= kLargeWeights && groups_of(s) >= 2 * threads;
  int64_t rows = large ? 1 : threads;
  while (rows > 1 && (threads % rows != 0 || s.N < kLeastRows * rows)) --rows;
  return {rows, threads / rows};
}

// Turns rows of weights into columns, a square of vectors at a time.
void pack_square(int64_t sum, int64_t columns, const float* from, int64_t row_step, float* to) {
  for (int64_t j = 0; j < kPanel; j += Vec::width) {
    each_piece(0, sum, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec square[Vec::width];
      for (int i = 0; i < Vec::width; ++i) {
        square[i] = j + i < columns ? load(from + (j + i) * row_step, piece) : Vec::zero();
      }
      transpose(square);
      for (int i = 0; i < piece.n; ++i) square[i].store(to + (piece.at + i) * kPanel + j);
    });
  }
}

// up to kPanel floats, the rest 0
BRASA_INLINE void copy_line(int64_t count, const float* from, float* to) {
  for (int64_t j = 0; j < kPanel; j += Vec::width) {
    // An empty load of no address would be slow: the hardware looks up the page before the mask.
    const Vec line =
        j < count ? load(from, {j, static_cast<int>(smaller(Vec::width, count - j))}) : Vec::zero();
    line.store(to + j);
  }
}

BRASA_INLINE void store_line(int64_t count, const float* from, float* to) {
  each_piece(0, count, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(Vec::load(from + piece.at), to, piece);
  });
}

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

void add_weight_gradient(const Exec& exec, const RecurrentShape& s, const Gates& gates,
                         const Chunk& chunk, const WeightGradient& w, float* copy) {
  const int64_t rows = chunk.rows(s), columns = gates.count * s.U, blocks = sum_blocks(rows);
  const int64_t wanted = w.gates.end - w.gates.begin;
  const GridShare share = grid_share(exec, ceil_div(w.m, kTileRows), groups_of(s) * wanted);
  const Range mine = {share.rows.begin * kTileRows, smaller(w.m, share.rows.end * kTileRows)};
  int64_t a_row[kBlockRows], a_column[kBlockSum], c_row[kBlockRows];
  int64_t copy_row[kBlockRows], copy_column[kBlockSum];
  fill_packed_rows(kBlockRows, copy_row);
  fill_offsets(kBlockSum, kTileRows, copy_column);
  fill_offsets(kBlockRows, columns, c_row);
  copy += exec.thread * kPackedA;
  GemmBlock product = {};
  product.a = copy, product.a_row = copy_row, product.a_column = copy_column;
  product.c_row = c_row;
  for (int64_t block = 0; block < blocks; ++block) {
    const Range sum = part_of(rows, blocks, block);
    w.fill_rows(s, chunk.steps.begin, sum, a_column);
    product.sum = sum.end - sum.begin;
    product.b_panel = kPanel * product.sum;
    product.add = block > 0 || !chunk.first;
    each_row_block(mine, [&](Range i) {
      w.fill_columns(i, a_row);
      product.rows = i.end - i.begin;
      pack_a(product.rows, product.sum, w.a, a_row, a_column, copy);
      for (int64_t p = share.columns.begin; p < share.columns.end; ++p) {
        const int64_t group = p / wanted, gate = w.gates.begin + p % wanted;
        product.columns = smaller(kPanel, s.U - group * kPanel);
        product.b = chunk.dgates.at(group * gates.slots + gates.slot[gate], sum.begin);
        product.c = w.out + i.begin * columns + gate * s.U + group * kPanel;
        multiply_block(product);
      }
    });
  }
}

}  // namespace

Part part_of_team(const RecurrentShape& s, int64_t gates, const Exec& exec) {
  const Parts parts = parts_of(s, gates, exec.threads);
  const int64_t thread = exec.thread;
  return {part_of(s.N, parts.rows, thread % parts.rows),
          part_of(groups_of(s), parts.groups, thread / parts.rows), parts.groups > 1};
}

int64_t steps_at_once(const RecurrentShape& s, int64_t gates, int threads) {
  const int64_t rows = larger(1, ceil_div(s.N, parts_of(s, gates, threads).rows));
  return smaller(larger(1, s.T), larger(1, 2 * kBlockRows / rows));
}

int64_t steps_in_chunk(const RecurrentShape& s) {
  return smaller(larger(1, s.T), larger(1, 3 * kBlockSum / larger(1, s.N)));
}

void pack_gates(const Exec& exec, int64_t rows, int64_t U, const Gates& gates, const float* weights,
                float* packed) {
  const Range panels = exec.share(ceil_div(U, kPanel) * gates.count);
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const int64_t unit = p / gates.count * kPanel, count = smaller(kPanel, U - unit);
    const float* from = weights + p % gates.count * U + unit;
    float* to = packed + p * rows * kPanel;
    for (int64_t l = 0; l < rows; ++l)
      copy_line(count, from + l * gates.count * U, to + l * kPanel);
  }
}

void pack_transposed(const Exec& exec, int64_t columns, int64_t U, const Gates& gates, Range which,
                     const float* weights, float* packed) {
  const int64_t row_step = gates.count * U, sum = (which.end - which.begin) * U;
  const Range panels = exec.share(ceil_div(columns, kPanel));
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const float* from = weights + p * kPanel * row_step;
    const int64_t wanted = smaller(kPanel, columns - p * kPanel);
    float* to = packed + p * sum * kPanel;
    for (int64_t unit = 0; unit < U; unit += kPanel) {
      const int64_t count = smaller(kPanel, U - unit);
      for (int64_t k = which.begin; k < which.end; ++k, to += count * kPanel) {
        pack_square(count, wanted, from + k * U + unit, row_step, to);
      }
    }
  }
}

namespace {

// One row: a tile would have two sums, each waiting for itself. Four panels at once have enough of
// them, and are as many streams of weights. `Panels` of them from panel `first` on.
template <int Panels>
void multiply_row(const PanelProduct& p, int64_t first) {
  const float *a = p.a + p.a_row[0], *b[Panels];
  Vec sums[Panels][kTileVectors];
  for (int i = 0; i < Panels; ++i) {
    b[i] = p.b.at(p.first_panel + first + i);
    for (int v = 0; v < kTileVectors; ++v) sums[i][v] = Vec::zero();
  }
  for (int64_t l = 0; l < p.b.rows; ++l) {
    const Vec a_l = Vec::all(a[p.a_column[l]]);
    for (int i = 0; i < Panels; ++i) {
      for (int v = 0; v < kTileVectors; ++v) {
        sums[i][v] = fma(a_l, Vec::load(b[i] + l * kPanel + v * Vec::width), sums[i][v]);
      }
    }
  }
  for (int i = 0; i < Panels; ++i) {
    float* c = p.c + p.c_row[0] + (first + i) * p.c_panel;
    const float* bias = p.bias == nullptr ? nullptr : p.bias + (first + i) * kPanel;
    for (int64_t at = 0; at < kPanel; at += Vec::width) {
      const int64_t count = smaller(Vec::width, p.columns - (first + i) * kPanel - at);
      if (count <= 0) break;
      const Piece piece = {at, static_cast<int>(count)};
      Vec sum = sums[i][at / Vec::width];
      if (p.add) sum = load(c, piece) + sum;
      if (bias != nullptr) sum = sum + load(bias, piece);
      store(sum, c, piece);
    }
  }
}

void multiply_row(const PanelProduct& p) {
  const int64_t panels = ceil_div(p.columns, kPanel), fours = panels / 4;
  for (int64_t i = 0; i < fours; ++i) multiply_row<4>(p, 4 * (p.backwards ? fours - 1 - i : i));
  for (int64_t i = 4 * fours; i < panels; ++i) multiply_row<1>(p, i);
}

}  // namespace

void multiply_panels(const PanelProduct& p) {
  const int64_t blocks = sum_blocks(p.b.rows);
  GemmBlock g = {};
  g.rows = p.rows, g.columns = p.columns;
  g.a = p.a, g.a_row = p.a_row;
  g.c = p.c, g.c_row = p.c_row, g.c_panel = p.c_panel;
  g.b_panel = p.b.rows * kPanel;
  for (int64_t block = 0; block < blocks; ++block) {
    const Range sum = part_of(p.b.rows, blocks, block);
    g.sum = sum.end - sum.begin;
    g.a_column = p.a_column + sum.begin;
    g.b = p.b.at(p.first_panel) + sum.begin * kPanel;
    g.add = p.add || block > 0;
    g.bias = block == blocks - 1 ? p.bias : nullptr;
    multiply_block(g);
  }
}

void multiply_step(const RecurrentShape& s, const PanelProduct& p) {
  s.N == 1 ? multiply_row(p) : multiply_panels(p);
}

void multiply_inputs(const RecurrentShape& s, const Part& part, const Gates& gates, Range steps,
                     const InputProduct& in) {
  int64_t a_row[kBlockRows], c_row[kBlockRows], a_column[kBlockSum];
  const int64_t width = part.rows.end - part.rows.begin;
  fill_offsets(kBlockSum, 1, a_column);
  each_row_block({0, (steps.end - steps.begin) * width}, [&](Range block) {
    for (int64_t i = block.begin; i < block.end; ++i) {
      const int64_t step = i / width, n = part.rows.begin + i % width;
      a_row[i - block.begin] = (n * s.T + time_of(s, steps.begin + step)) * s.D;
      c_row[i - block.begin] = (step * s.N + n) * kPanel;
    }
    const int64_t blocks = sum_blocks(s.D);
    GemmBlock g = {};
    g.rows = block.end - block.begin;
    g.a_row = a_row, g.a_column = a_column, g.c_row = c_row;
    g.b_panel = s.D * kPanel;
    for (int64_t group = part.groups.begin; group < part.groups.end; ++group) {
      for (int64_t l = 0; l < blocks; ++l) {
        const Range sum = part_of(s.D, blocks, l);
        const int64_t first = group * gates.count;
        g.sum = sum.end - sum.begin;
        g.columns = gates.count * kPanel;
        g.a = in.x + sum.begin;
        g.b = in.w.at(first) + sum.begin * kPanel;
        g.c = in.gates.at(group * gates.slots, 0);
        g.c_panel = in.gates.step;
        g.add = l > 0;
        g.bias = l == blocks - 1 && in.b != nullptr ? in.b + first * kPanel : nullptr;
        multiply_block(g);
      }
    }
  });
}

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
      for (int v = 0; v < kTileVectors; ++v) {
        even[v] = even[v] + Vec::load(row + v * Vec::width);
        if (r + 1 < rows) odd[v] = odd[v] + Vec::load(row + kPanel + v * Vec::width);
      }
    }
    float sums[kPanel];
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
  each_row_block(exec.share(chunk.rows(s), kTileRows), [&](Range block) {
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
  });
}

void multiply_state_gradient(const RecurrentShape& s, const Part& part, const StateGradient& g,
                             bool add) {
  const PanelRows rows;
  each_row_block(part.rows, [&](Range batch) {
    PanelProduct p = {};
    p.rows = batch.end - batch.begin;
    p.columns = (part.groups.end - part.groups.begin) * kPanel;
    p.a = g.dgates.at(0, g.first_row + batch.begin), p.a_row = rows.offset, p.a_column = g.columns;
    p.b = {g.u, g.sum}, p.first_panel = part.groups.begin;
    p.c = g.dh.at(part.groups.begin, batch.begin), p.c_row = rows.offset, p.c_panel = g.dh.step;
    p.add = add, p.backwards = g.step % 2 != 0;
    multiply_step(s, p);
  });
}

void load_state(const RecurrentShape& s, const Part& part, const float* state, const Panels& to,
                int64_t first_row) {
  for (int64_t group = part.groups.begin; group < part.groups.end; ++group) {
    const int64_t at = group * kPanel, count = state == nullptr ? 0 : smaller(kPanel, s.U - at);
    for (int64_t n = part.rows.begin; n < part.rows.end; ++n) {
      copy_line(count, state + (count > 0 ? n * s.U + at : 0), to.at(group, first_row + n));
    }
  }
}

void store_state(const RecurrentShape& s, const Part& part, const Panels& from, int64_t first_row,
                 float* state) {
  if (state == nullptr) return;
  for (int64_t group = part.groups.begin; group < part.groups.end; ++group) {
    const int64_t at = group * kPanel;
    for (int64_t n = part.rows.begin; n < part.rows.end; ++n) {
      store_line(smaller(kPanel, s.U - at), from.at(group, first_row + n), state + n * s.U + at);
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
