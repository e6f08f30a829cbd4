// How many elements equal the extreme is counted first, by reduce; then all of them get their share.
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"
#include "cpu/isa/walk.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Floats for the counts, in whole cache lines: what reduce needs lies behind them.
int64_t floats_of_counts(const ReduceShape& s) {
  return (extent_of(s.extents, 0, s.kept) + 15) / 16 * 16;
}

struct Operands {
  const float *dy, *x, *y, *counts;
};

// Where nothing equals the extreme, which then is NaN, the share is infinite or NaN, and 0 times it NaN.
BRASA_INLINE Vec put_share(Vec x, Vec y, Vec share) {
  return select(x == y, share, share * Vec::zero());
}

// `each`: dy has the last axis; otherwise it is one number for each row.
template <bool each>
void share_out(const Exec& exec, const BroadcastShape& s, const Operands& of, float* dx) {
  const int64_t columns = s.extents[s.rank - 1], rows = extent_of(s.extents, 0, s.rank - 1);
  for (const Range mine : flat_portions(exec, rows * columns)) {
    Walk walk({s.extents, s.a, s.b, s.rank - 1}, mine.begin / columns);
    each_row_part(mine, columns, [&](int64_t row, int64_t column, int64_t length) {
      const float *x = of.x + row * columns, *y = of.y + walk.a;
      const float *dy = of.dy + walk.a, *counts = of.counts + walk.a;
      float* to = dx + row * columns;
      const Vec extreme = Vec::all(*y), share = Vec::all(*dy / *counts);
      each_piece(column, column + length, [&](Piece piece) BRASA_INLINE_LAMBDA {
        if (each) {
          store(put_share(load(x, piece), load(y, piece), load(dy, piece) / load(counts, piece, 1)),
                to, piece);
        } else {
          store(put_share(load(x, piece), extreme, share), to, piece);
        }
      });
      walk.next();
    });
  }
}

}  // namespace

void extreme_backward(const Exec& exec, const BroadcastShape& s, const float* dy, const float* x,
                      const float* y, float* dx) {
  if (extent_of(s.extents, 0, s.rank) == 0) return;
  const ReduceShape counted = reduced_to_a(ReduceKind::kCount, s);
  float* counts = reinterpret_cast<float*>(exec.scratch);
  Exec behind = exec;
  behind.scratch += floats_of_counts(counted) * static_cast<int64_t>(sizeof(float));
  reduce(behind, counted, x, y, counts);
  exec.barrier();
  const Operands operands = {dy, x, y, counts};
  if (s.a[s.rank - 1] == 1) {
    share_out<true>(exec, s, operands, dx);
  } else {
    share_out<false>(exec, s, operands, dx);
  }
}

int64_t extreme_backward_workspace(const BroadcastShape& s) {
  const ReduceShape counted = reduced_to_a(ReduceKind::kCount, s);
  return floats_of_counts(counted) * static_cast<int64_t>(sizeof(float)) +
         reduce_workspace(counted);
}

}  // namespace brasa::cpu::BRASA_ISA
