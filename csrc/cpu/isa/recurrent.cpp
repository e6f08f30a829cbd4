#include "cpu/isa/recurrent.h"

#include "cpu/isa/recurrent_forward.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A thread with fewer rows than this leaves half of the tile's sums waiting for each other.
constexpr int64_t kLeastRows = 4;
// Weights from this size on are better shared out: streaming all of them through every core costs
// more than meeting after each step. (Zen 3, 32 MB of last-level cache.)
constexpr int64_t kLargeWeights = int64_t{8} << 20;
// Products of a step, for each thread, from which on meeting costs little: 20 us, against half of one.
constexpr int64_t kLongStep = int64_t{1} << 20;
// Weights up to this size stay in the second-level cache of every core beside the rest of a step: nothing
// is won by giving each core some of them, and h would pass between cores at each step. Two cores of Sapphire
// Rapids (2 MB each), 128 units and rows: rows of one's own take 0.90 to 0.99 of the time of groups; 256
// units, which are 1 MB, 0.93 to 1.10. Elsewhere the cache is small, and there is no such size.
constexpr int64_t kSmallWeights = Vec::width == 16 ? int64_t{512} << 10 : 0;

struct Parts {
  int64_t rows, groups;
};

Parts parts_of(const RecurrentShape& s, int64_t gates, int threads) {
  const int64_t weights = gates * s.U * s.U;
  const bool large = 4 * weights >= kLargeWeights;
  const bool takes_long = 4 * weights > kSmallWeights && s.N * weights >= kLongStep * threads;
  const bool shared = large || takes_long;
  int64_t rows = shared && groups_of(s) >= 2 * threads ? 1 : threads;
  while (rows > 1 && (threads % rows != 0 || s.N < kLeastRows * rows)) --rows;
  return {rows, threads / rows};
}

// One row: a tile would have two sums, each waiting for itself. Four panels at once have enough of
// them, and are as many streams of weights. (Two panels with two sums for each column: 5 to 9 % slower,
// Zen 3.) `Panels` of them from panel `first` on.
template <int Panels>
void multiply_row(const PanelProduct& p, int64_t first) {
  const float *a = p.a + p.a_row[0], *b[Panels];
  Vec sums[Panels][kTileVectors];
  BRASA_UNROLL_ALL
  for (int i = 0; i < Panels; ++i) {
    b[i] = p.b.at(p.first_panel + first + i);
    BRASA_UNROLL_ALL
    for (int v = 0; v < kTileVectors; ++v) sums[i][v] = Vec::zero();
  }
  for (int64_t l = 0; l < p.b.rows; ++l) {
    const Vec a_l = Vec::all(a[p.a_column[l]]);
    BRASA_UNROLL_ALL
    for (int i = 0; i < Panels; ++i) {
      BRASA_UNROLL_ALL
      for (int v = 0; v < kTileVectors; ++v) {
        sums[i][v] = fma(a_l, Vec::load(b[i] + l * kPanel + v * Vec::width), sums[i][v]);
      }
    }
  }
  BRASA_UNROLL_ALL
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
  const int64_t panels = ceil_div(p.columns, kPanel), fours = panels / kRowPanels;
  for (int64_t i = 0; i < fours; ++i) {
    multiply_row<kRowPanels>(p, kRowPanels * (p.backwards ? fours - 1 - i : i));
  }
  switch (panels % kRowPanels) {
    case 3: multiply_row<3>(p, panels - 3); break;
    case 2: multiply_row<2>(p, panels - 2); break;
    case 1: multiply_row<1>(p, panels - 1); break;
    default: break;
  }
}

void multiply_some_inputs(const RecurrentShape& s, const Part& part, const Gates& gates,
                          Range steps, const InputProduct& in) {
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
    // Of a single gate two groups at once, for the tile over two panels.
    const int64_t at_once = kHasPairs && gates.count == 1 ? 2 : 1;
    for (int64_t group = part.groups.begin; group < part.groups.end; group += at_once) {
      const int64_t groups = smaller(at_once, part.groups.end - group);
      for (int64_t l = 0; l < blocks; ++l) {
        const Range sum = part_of(s.D, blocks, l);
        const int64_t first = group * gates.count;
        g.sum = sum.end - sum.begin;
        g.columns = groups * gates.count * kPanel;
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

void multiply_inputs(const Exec& exec, const RecurrentShape& s, const Part& own, const Gates& gates,
                     Range steps, const InputProduct& in) {
  share_step(exec, s, own,
             [&](const Part& part) { multiply_some_inputs(s, part, gates, steps, in); });
}

}  // namespace brasa::cpu::BRASA_ISA
