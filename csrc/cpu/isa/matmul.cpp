#include "cpu/isa/kernels.h"
#include "cpu/isa/matmul_parts.h"
#include "cpu/isa/matmul_thin.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Few rows: the threads take columns, and b is read as it lies.
void multiply_in_place(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                       const float* bias, float* c) {
  const int64_t blocks = sum_blocks(s.k);
  for (const Range mine : exec.portions(s.n, kPieceColumns, kPanel)) {
    for (int64_t l = 0; l < blocks; ++l) {
      const Part part = {{0, s.m}, part_of(s.k, blocks, l), mine.begin};
      GemmBlock g = begin_block(s, part, mine.end - mine.begin, bias);
      g.b = b + part.sum.begin * s.n + mine.begin;
      g.b_step = s.n;
      multiply_part(s, part, g, a, c, nullptr);
    }
  }
}

// Each thread packs the columns that it multiplies, for itself.
void multiply_apart(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                    const float* bias, float* c) {
  const Cut cut(s);
  const int64_t room = cut.apart_floats(s.k), own = room + (cut.copies_a ? kPackedA : 0);
  float* packed = reinterpret_cast<float*>(exec.scratch) + exec.thread * own;
  float* copy = cut.copies_a ? packed + room : nullptr;
  const MatrixB all_b = {b, s.transpose_b ? s.k : s.n, s.transpose_b};
  for (const Range mine : exec.portions(cut.panels, kApartPanels)) {
    const int64_t first = mine.begin * kPanel;
    const int64_t columns = smaller(s.n, mine.end * kPanel) - first;
    for (int64_t j = 0; j < columns; j += kApartPanels * kPanel) {
      const int64_t width = smaller(columns - j, kApartPanels * kPanel);
      for (int64_t l = 0; l < cut.sum_blocks; ++l) {
        const Range sum = part_of(s.k, cut.sum_blocks, l);
        pack_panels(sum.end - sum.begin, width, all_b.from(sum.begin, first + j), packed);
        const Part part = {{0, s.m}, sum, first + j};
        GemmBlock g = begin_block(s, part, width, bias);
        g.b = packed;
        multiply_part(s, part, g, a, c, copy);
      }
    }
  }
}

// All of b is packed, and each block of rows takes all blocks of the sum, while c stays in the caches.
void multiply_rows(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                   const float* bias, float* c) {
  const Cut cut(s);
  float* packed = reinterpret_cast<float*>(exec.scratch);
  float* copy = cut.copies_a ? packed + cut.all_packed + exec.thread * kPackedA : nullptr;
  const MatrixB all_b = {b, s.transpose_b ? s.k : s.n, s.transpose_b};
  for (const Range mine : exec.portions(pack_units(s.k, s.n))) {
    for (int64_t unit = mine.begin; unit < mine.end; ++unit) {
      pack_unit(s.k, s.n, all_b, unit, packed);
    }
  }
  exec.barrier();
  const auto multiply = [&](const Rectangle& mine) {
    const int64_t first = mine.columns.begin * kPanel;
    const int64_t columns = smaller(s.n, mine.columns.end * kPanel) - first;
    const int64_t end = smaller(s.m, mine.rows.end * kTileRows);
    for (int64_t i = mine.rows.begin * kTileRows; i < end; i += kBlockRows) {
      for (int64_t l = 0; l < cut.sum_blocks; ++l) {
        const Part part = {
            {i, smaller(end, i + kBlockRows)}, part_of(s.k, cut.sum_blocks, l), first};
        GemmBlock g = begin_block(s, part, columns, bias);
        g.b = packed_block(packed, s.n, part.sum, first);
        multiply_part(s, part, g, a, c, copy);
      }
    }
  };
  each_rectangle(exec, ceil_div(s.m, kTileRows), cut.panels, {kPieceTiles}, multiply);
}

// `turn` counts the packed blocks of b: two buffers, used in turn, need one barrier per block.
void multiply_packed(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                     const float* bias, float* c, int64_t* turn) {
  const Cut cut(s);
  float* buffers = reinterpret_cast<float*>(exec.scratch);
  float* copy = cut.copies_a ? buffers + exec.thread * kPackedA : nullptr;
  if (cut.copies_a) buffers += exec.threads * kPackedA;
  const MatrixB all_b = {b, s.transpose_b ? s.k : s.n, s.transpose_b};

  for (int64_t j = 0; j < cut.column_blocks; ++j) {
    const Range panels = part_of(cut.panels, cut.column_blocks, j);
    const int64_t first = panels.begin * kPanel,
                  columns = smaller(s.n, panels.end * kPanel) - first;
    for (int64_t l = 0; l < cut.sum_blocks; ++l) {
      const Range sum = part_of(s.k, cut.sum_blocks, l);
      const int64_t length = sum.end - sum.begin;
      float* packed = buffers + (exec.threads > 1 ? (*turn)++ % 2 : 0) * cut.packed;
      for (const Range mine : exec.portions(pack_units(length, columns))) {
        for (int64_t unit = mine.begin; unit < mine.end; ++unit) {
          pack_unit(length, columns, all_b.from(sum.begin, first), unit, packed);
        }
      }
      exec.barrier();
      const auto multiply = [&](const Rectangle& mine) {
        const int64_t skip = mine.columns.begin * kPanel;
        const Range rows = {mine.rows.begin * kTileRows, smaller(s.m, mine.rows.end * kTileRows)};
        const Part part = {rows, sum, first + skip};
        GemmBlock g =
            begin_block(s, part, smaller(columns, mine.columns.end * kPanel) - skip, bias);
        g.b = packed_block(packed, columns, {0, length}, skip);
        multiply_part(s, part, g, a, c, copy);
      };
      each_rectangle(exec, ceil_div(s.m, kTileRows), panels.end - panels.begin, {kPieceTiles},
                     multiply);
    }
  }
}

BRASA_INLINE bool is_in_place(const MatmulShape& s) {
  return s.m <= kInPlaceRows && !s.transpose_b;
}

BRASA_INLINE bool is_apart(const MatmulShape& s, int64_t threads) {
  return threads > 1 && s.m <= kApartRows && ceil_div(s.n, kPanel) >= threads;
}

BRASA_INLINE bool is_by_rows(const MatmulShape& s) {
  const Cut cut(s);
  return cut.sum_blocks > 1 && cut.all_packed <= kStayingB;
}

// For a team of `threads` that multiplies `matrices` one after the other.
BRASA_INLINE int64_t team_bytes(const MatmulShape& s, int64_t matrices, int64_t threads) {
  if (is_in_place(s)) return 0;
  const Cut cut(s);
  if (is_apart(s, threads)) {
    return 4 * threads * (cut.apart_floats(s.k) + (cut.copies_a ? kPackedA : 0));
  }
  if (is_by_rows(s)) return 4 * (cut.all_packed + (cut.copies_a ? threads * kPackedA : 0));
  const int64_t blocks = cut.sum_blocks * cut.column_blocks * matrices;
  const int64_t buffers = threads > 1 && blocks > 1 ? 2 : 1;
  return 4 * (cut.packed * buffers + (cut.copies_a ? threads * kPackedA : 0));
}

// Each thread multiplies some of the matrices alone.
BRASA_INLINE bool takes_matrices(const MatmulShape& s, int threads) {
  return s.batch > 1 && s.batch >= threads;
}

BRASA_INLINE int64_t workspace_of(const MatmulShape& s, int threads) {
  return takes_matrices(s, threads) ? threads * team_bytes(s, s.batch, 1)
                                    : team_bytes(s, s.batch, threads);
}

void multiply_matrices(const Exec& exec, const MatmulShape& s, Range matrices, const float* a,
                       const float* b, const float* bias, float* c) {
  int64_t turn = 0;
  for (int64_t i = matrices.begin; i < matrices.end; ++i) {
    const float *a_i = a + i * s.a_step, *b_i = b + i * s.b_step;
    float* c_i = c + i * s.m * s.n;
    if (is_thin(s, bias)) {
      multiply_thin(exec, s, a_i, b_i, bias, c_i);
    } else if (is_in_place(s)) {
      multiply_in_place(exec, s, a_i, b_i, bias, c_i);
    } else if (is_apart(s, exec.threads)) {
      multiply_apart(exec, s, a_i, b_i, bias, c_i);
    } else if (is_by_rows(s)) {
      if (i > matrices.begin) exec.barrier();  // others may still read the b before
      multiply_rows(exec, s, a_i, b_i, bias, c_i);
    } else {
      multiply_packed(exec, s, a_i, b_i, bias, c_i, &turn);
    }
  }
}

}  // namespace

void matmul(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
            const float* bias, float* c) {
  if (!takes_matrices(s, exec.threads)) {
    return multiply_matrices(exec, s, {0, s.batch}, a, b, bias, c);
  }
  Exec alone = exec;
  alone.thread = 0;
  alone.threads = 1;
  alone.scratch += exec.thread * (workspace_of(s, exec.threads) / exec.threads);
  for (const Range mine : exec.portions(s.batch)) {
    multiply_matrices(alone, s, mine, a, b, bias, c);
  }
}

int64_t matmul_workspace(const MatmulShape& s, int threads) {
  int64_t most = thin_workspace(s);  // a smaller team takes other cuts
  for (int team = 1; team <= threads; ++team) most = larger(most, workspace_of(s, team));
  return most;
}

}  // namespace brasa::cpu::BRASA_ISA
