#include "cpu/isa/gemm.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/matmul_thin.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// With so few rows (two tiles) packing b would cost as much as the product.
constexpr int64_t kInPlaceRows = 2 * kTileRows;

// From so many columns on, a block of a is copied before use: it then lies in few pages, and no two
// rows share their places in the caches. A transposed a, read across its rows, gains sooner.
constexpr int64_t kCopyColumns = 512, kCopyColumnsTransposed = 256;
constexpr int64_t kCopyStep = kBlockSum + Vec::width;  // floats from row to row of the copy
static_assert(kBlockRows * kCopyStep == kPackedA);

// From so many columns for each thread on, threads take columns of one matrix and multiply them alone:
// nobody waits for the others after each packed block. (Zen 3, two threads, 1024^3, on cores that other
// work used too: 1.2 to 1.4 times as fast.) All of them read a, which is little unless a is the
// largest matrix by far; then they meet seldom anyway.
constexpr int64_t kOwnColumns = 256, kOwnRows = 4;

// How `columns` of one matrix of the batch are cut; the sum by the shape alone.
struct Cut {
  int64_t sum_blocks, column_blocks, panels;
  bool in_place;  // b is not packed
  bool copies_a;
  int64_t packed;  // floats of one packed block of b

  BRASA_INLINE Cut(const MatmulShape& s, int64_t columns)
      : sum_blocks(BRASA_ISA::sum_blocks(s.k)),
        column_blocks(ceil_div(columns, kBlockColumns)),
        panels(ceil_div(columns, kPanel)),
        in_place(s.m <= kInPlaceRows && !s.transpose_b),
        copies_a(s.m > kInPlaceRows &&
                 s.n >= (s.transpose_a ? kCopyColumnsTransposed : kCopyColumns)) {
    const int64_t most_panels = ceil_div(panels, larger(1, column_blocks));
    packed = in_place ? 0 : ceil_div(s.k, sum_blocks) * most_panels * kPanel;
  }
};

// Rows [0, rows) of one block of the sum, each contiguous.
void copy_rows_of_a(int64_t rows, int64_t sum, const float* a, int64_t step, float* copy) {
  for (int64_t i = 0; i < rows; ++i) {
    each_piece(0, sum, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(load(a + i * step, piece), copy + i * kCopyStep, piece);
    });
  }
}

// The part of c that one thread computes, for one block of the sum.
struct Part {
  Range rows, sum;
  int64_t first_column;
};

void multiply_part(const MatmulShape& s, const Part& part, GemmBlock g, const float* a, float* c,
                   float* copy) {
  int64_t a_row[kBlockRows], copy_row[kBlockRows], c_row[kBlockRows];
  int64_t a_column[kBlockSum], copy_column[kBlockSum];
  const int64_t row_step = s.transpose_a ? 1 : s.k, column_step = s.transpose_a ? s.m : 1;
  const int64_t most_rows = smaller(part.rows.end - part.rows.begin, kBlockRows);
  g.sum = part.sum.end - part.sum.begin;
  fill_offsets(most_rows, row_step, a_row);
  fill_offsets(most_rows, s.n, c_row);
  fill_offsets(g.sum, column_step, a_column);
  if (copy != nullptr && s.transpose_a) {
    fill_packed_rows(most_rows, copy_row);
    fill_offsets(g.sum, kTileRows, copy_column);
  } else if (copy != nullptr) {
    fill_offsets(most_rows, kCopyStep, copy_row);
  }
  g.c_row = c_row;
  for (int64_t i = part.rows.begin; i < part.rows.end; i += kBlockRows) {
    g.rows = smaller(kBlockRows, part.rows.end - i);
    g.a = a + i * row_step + part.sum.begin * column_step;
    g.a_row = a_row;
    g.a_column = a_column;
    if (copy != nullptr) {
      if (s.transpose_a) {
        pack_a(g.rows, g.sum, g.a, a_row, a_column, copy);
        g.a_column = copy_column;
      } else {
        copy_rows_of_a(g.rows, g.sum, g.a, s.k, copy);
      }
      g.a = copy;
      g.a_row = copy_row;
    }
    g.c = c + i * s.n + part.first_column;
    multiply_block(g);
  }
}

// Some columns of one matrix, by the whole team. `turn` counts the packed blocks of b: two buffers, used
// in turn, need one barrier per block.
void multiply_matrix(const Exec& exec, const MatmulShape& s, Range wanted, const float* a,
                     const float* b, const float* bias, float* c, int64_t* turn) {
  const Cut cut(s, wanted.end - wanted.begin);
  float* buffers = reinterpret_cast<float*>(exec.scratch);
  float* copy = cut.copies_a ? buffers + exec.thread * kPackedA : nullptr;
  if (cut.copies_a) buffers += exec.threads * kPackedA;
  const MatrixB all_b = {b, s.transpose_b ? s.k : s.n, s.transpose_b};

  for (int64_t j = 0; j < cut.column_blocks; ++j) {
    const Range panels = part_of(cut.panels, cut.column_blocks, j);
    const int64_t block = wanted.begin + panels.begin * kPanel,
                  columns = smaller(wanted.end, wanted.begin + panels.end * kPanel) - block;
    const GridShare share = grid_share(exec, ceil_div(s.m, kTileRows), panels.end - panels.begin);
    const int64_t skip = share.columns.begin * kPanel;
    Part part;
    part.rows = {share.rows.begin * kTileRows, smaller(s.m, share.rows.end * kTileRows)};
    part.first_column = block + skip;
    GemmBlock g = {};
    g.columns = smaller(columns, share.columns.end * kPanel) - skip;
    g.dense = g.columns == s.n;
    for (int64_t l = 0; l < cut.sum_blocks; ++l) {
      part.sum = part_of(s.k, cut.sum_blocks, l);
      const int64_t sum = part.sum.end - part.sum.begin;
      const MatrixB block_b = all_b.from(part.sum.begin, block);
      if (cut.in_place) {
        g.b = block_b.data + skip;
        g.b_step = s.n;
      } else {
        float* packed = buffers + (exec.threads > 1 ? (*turn)++ % 2 : 0) * cut.packed;
        const Range mine = exec.share(pack_units(sum, columns));
        for (int64_t unit = mine.begin; unit < mine.end; ++unit) {
          pack_unit(sum, columns, block_b, unit, packed);
        }
        exec.barrier();
        g.b = packed_block(packed, columns, {0, sum}, skip);
      }
      const bool last = l == cut.sum_blocks - 1;
      g.add = s.write == Write::kAdd || l > 0;
      g.bias = last && bias != nullptr ? bias + part.first_column : nullptr;
      g.activation = last && s.write == Write::kSet ? s.activation : kNoActivation;
      multiply_part(s, part, g, a, c, copy);
    }
  }
}

// For a team of `threads` that multiplies `columns` of each of `matrices`.
BRASA_INLINE int64_t team_bytes(const MatmulShape& s, int64_t matrices, int64_t columns,
                                int64_t threads) {
  const Cut cut(s, columns);
  const int64_t blocks = cut.sum_blocks * cut.column_blocks * matrices;
  const int64_t buffers = threads > 1 && blocks > 1 ? 2 : 1;
  return 4 * (cut.packed * buffers + (cut.copies_a ? threads * kPackedA : 0));
}

// Each thread multiplies some of the matrices, or some columns of the only one, alone.
BRASA_INLINE bool takes_matrices(const MatmulShape& s, int threads) {
  return s.batch > 1 && s.batch >= threads;
}
BRASA_INLINE bool takes_columns(const MatmulShape& s, int threads) {
  return threads > 1 && s.batch == 1 && s.n >= kOwnColumns * threads && s.m <= kOwnRows * s.n;
}

BRASA_INLINE int64_t workspace_of(const MatmulShape& s, int threads) {
  if (takes_matrices(s, threads)) return threads * team_bytes(s, s.batch, s.n, 1);
  if (!takes_columns(s, threads)) return team_bytes(s, s.batch, s.n, threads);
  // Shares differ by a panel, and the smaller one may have the larger block: 2048 columns are one, 2064
  // are two of half that.
  const int64_t panels = ceil_div(s.n, kPanel);
  return threads * larger(team_bytes(s, 1, panels / threads * kPanel, 1),
                          team_bytes(s, 1, ceil_div(panels, threads) * kPanel, 1));
}

}  // namespace

void matmul(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
            const float* bias, float* c) {
  if (s.batch == 1 && is_thin(s, bias)) return multiply_thin(exec, s, a, b, bias, c);
  Exec team = exec;
  Range matrices = {0, s.batch}, columns = {0, s.n};
  const bool some = takes_matrices(s, exec.threads);
  if (some || takes_columns(s, exec.threads)) {
    (some ? matrices : columns) = some ? exec.share(s.batch) : exec.share(s.n, kPanel);
    team.thread = 0;
    team.threads = 1;
    team.scratch += exec.thread * (workspace_of(s, exec.threads) / exec.threads);
  }
  int64_t turn = 0;
  for (int64_t i = matrices.begin; i < matrices.end; ++i) {
    const float *a_i = a + i * s.a_step, *b_i = b + i * s.b_step;
    float* c_i = c + i * s.m * s.n;
    if (is_thin(s, bias)) {
      multiply_thin(team, s, a_i, b_i, bias, c_i);
    } else {
      multiply_matrix(team, s, columns, a_i, b_i, bias, c_i, &turn);
    }
  }
}

int64_t matmul_workspace(const MatmulShape& s, int threads) {
  int64_t most = thin_workspace(s);  // a smaller team takes other cuts
  for (int team = 1; team <= threads; ++team) most = larger(most, workspace_of(s, team));
  return most;
}

}  // namespace brasa::cpu::BRASA_ISA
