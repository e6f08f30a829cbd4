// Each block of rows is read three times while it is in a cache: for the means, for the squares around
// them, and to be normalized.
#include "cpu/isa/kernels.h"
#include "cpu/isa/layer_norm_rows.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

BRASA_INLINE void find_scales(const LayerNormShape& s, const Rows& rows, RowScales& scales) {
  RowNumbers offsets, squares;
  find_offsets(rows, scales.shift, offsets);
  for (int64_t i = 0; i < rows.count; ++i) {
    const float* x = rows.row(i);
    const Vec shift = Vec::all(scales.shift.of[i]), offset = Vec::all(offsets.of[i]);
    float total[1];
    sum_row<1>(rows.columns, total, [&](Piece piece, Vec(&sums)[1]) BRASA_INLINE_LAMBDA {
      const Vec d = keep(load(x, piece) - shift - offset, piece);
      sums[0] = fma(d, d, sums[0]);
    });
    squares.of[i] = total[0];
  }
  set_scales(s, offsets, squares, scales);
}

template <int Vectors>
BRASA_INLINE void load_or(Strip<Vectors> strip, const float* p, float other, Vec (&out)[Vectors]) {
  if (p != nullptr) return strip.load(p, out);
  BRASA_UNROLL_ALL
  for (Vec& v : out) v = Vec::all(other);
}

// Row by row: stores in the order of memory, which the hardware foresees. Meanwhile the next block is called for:
// else nothing is fetched while this one is stored (2048 x 1024 from memory, two cores of Zen 5: 326 us, so 269;
// 4096 x 256: 109, 96.)
BRASA_INLINE void normalize(const Rows& rows, const RowScales& scales, const float* gamma,
                            const float* beta, float* y) {
  for (int64_t i = 0; i < rows.count; ++i) {
    const Vec shift = Vec::all(scales.shift.of[i]);
    const Vec a = Vec::all(scales.scale.of[i]), b = Vec::all(scales.level.of[i]);
    each_strip(0, rows.columns, [&](auto strip) BRASA_INLINE_LAMBDA {
      constexpr int kVectors = decltype(strip)::vectors;
      Vec factor[kVectors], level[kVectors], v[kVectors];
      load_or(strip, gamma, 1.f, factor), load_or(strip, beta, 0.f, level);
      strip.load(rows.row(i), v);
      strip.fetch(rows.row(i + rows.count));
      unrolled<kVectors>([&](int k) BRASA_INLINE_LAMBDA {
        v[k] = fma(fma(v[k] - shift, a, b), factor[k], level[k]);
      });
      strip.store(y + i * rows.columns, v);
    });
  }
}

}  // namespace

void layer_norm(const Exec& exec, const LayerNormShape& s, const float* x, const float* gamma,
                const float* beta, float* y) {
  const int64_t block = rows_at_once(s.columns), most = block + kFlatPiece / s.columns;
  for (const Range mine : exec.portions(s.rows, most, block)) {
    each_block(mine, s, [&](int64_t i, int64_t count) BRASA_INLINE_LAMBDA {
      const Rows rows = {x + i * s.columns, count, s.columns};
      RowScales scales;
      find_scales(s, rows, scales);
      normalize(rows, scales, gamma, beta, y + i * s.columns);
    });
  }
}

}  // namespace brasa::cpu::BRASA_ISA
