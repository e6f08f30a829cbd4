// Each block of rows is read three times while it is in a cache: for the means, for the sums around them,
// and for all gradients at once. dgamma and dbeta are summed in registers through a block, in a first-level
// cache through a chunk of rows, and then over the chunks.
#include "cpu/isa/claim.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/layer_norm_rows.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Two rows of sums for each chunk, against three times 32 rows of data. More chunks than 256 would only
// add to the combining.
constexpr int64_t kChunkRows = 32, kMostChunks = 256;
constexpr int64_t kColumnGrain = 16;  // a cache line of float32

// Two sums and a factor for each vector of a strip, and five numbers of the row, in 32 or 16 registers.
constexpr int kGradientVectors = kManyRegisters ? 4 : 2;

BRASA_INLINE int64_t chunks_of(int64_t rows) {
  const int64_t chunks = rows / kChunkRows;
  return chunks < 1 ? 1 : chunks > kMostChunks ? kMostChunks : chunks;
}

// dx = (dy * gamma - mean + h * slope) * scale
struct Slopes {
  RowScales scales;
  RowNumbers mean, slope;
};

template <bool scaled>
BRASA_INLINE Vec times_gamma(Vec dy, const float* gamma, Piece piece) {
  return scaled ? dy * load(gamma, piece) : dy;
}

// The rows of the next block are called for, and those of dx, to be written: else memory waits while a block is
// summed and again while it is stored (2048 x 1024 from memory, two cores of Zen 5: 710 us, so 610; 4096 x 256: 230,
// 165; without dx 655 and 190).
template <bool scaled>
BRASA_INLINE void find_slopes(const LayerNormShape& s, const Rows& rows, const float* dy,
                              const float* gamma, const float* dx, Slopes& out) {
  RowNumbers offsets, squares, sums, products;
  find_offsets(rows, out.scales.shift, offsets);
  const int64_t next = rows.count * s.columns;
  for (int64_t i = 0; i < rows.count; ++i) {
    const float *x = rows.row(i), *slopes = dy + i * s.columns, *to_write = dx + i * s.columns;
    const Vec shift = Vec::all(out.scales.shift.of[i]), offset = Vec::all(offsets.of[i]);
    float total[3];
    sum_row<3>(s.columns, total, [&](Piece piece, Vec(&to)[3]) BRASA_INLINE_LAMBDA {
      __builtin_prefetch(x + next + piece.at), __builtin_prefetch(slopes + next + piece.at);
      claim(to_write + piece.at);
      const Vec d = keep(load(x, piece) - shift - offset, piece);
      const Vec g = times_gamma<scaled>(load(slopes, piece), gamma, piece);
      to[0] = fma(d, d, to[0]);
      to[1] = to[1] + g;
      to[2] = fma(g, d, to[2]);
    });
    squares.of[i] = total[0], sums.of[i] = total[1], products.of[i] = total[2];
  }
  set_scales(s, offsets, squares, out.scales);
  const Vec share = Vec::all(1.f / static_cast<float>(s.columns));
  out.mean.set(sums.get() * share);
  out.slope.set(-(products.get() * out.scales.scale.get() * share));
}

// All gradients of a block; dgamma and dbeta are added to what is there.
template <bool scaled>
BRASA_INLINE void put_gradients(const Rows& rows, const Slopes& of, const float* dy,
                                const float* gamma, LayerNormGradients out) {
  each_strip<kGradientVectors>(0, rows.columns, [&](auto strip) BRASA_INLINE_LAMBDA {
    constexpr int kVectors = decltype(strip)::vectors;
    Vec factor[kVectors], products[kVectors], sums[kVectors];
    if (scaled) strip.load(gamma, factor);
    strip.load(out.dgamma, products), strip.load(out.dbeta, sums);
    for (int64_t i = 0; i < rows.count; ++i) {
      const Vec shift = Vec::all(of.scales.shift.of[i]), scale = Vec::all(of.scales.scale.of[i]);
      const Vec level = Vec::all(of.scales.level.of[i]);
      const Vec mean = Vec::all(of.mean.of[i]), slope = Vec::all(of.slope.of[i]);
      Vec h[kVectors], g[kVectors];
      strip.load(rows.row(i), h), strip.load(dy + i * rows.columns, g);
      unrolled<kVectors>([&](int k) BRASA_INLINE_LAMBDA {
        h[k] = fma(h[k] - shift, scale, level);
        products[k] = fma(g[k], h[k], products[k]);
        sums[k] = sums[k] + g[k];
        const Vec slope_of_h = scaled ? g[k] * factor[k] : g[k];
        g[k] = fma(h[k], slope, slope_of_h - mean) * scale;
      });
      strip.store(out.dx + i * rows.columns, g);
    }
    strip.store(out.dgamma, products), strip.store(out.dbeta, sums);
  });
}

// `sums` becomes the chunk's share of dgamma, and of dbeta behind it.
template <bool scaled>
void chunk_gradients(const LayerNormShape& s, Range rows, const float* dy, const float* x,
                     const float* gamma, float* dx, float* sums) {
  each_piece(0, 2 * s.columns,
             [&](Piece piece) BRASA_INLINE_LAMBDA { store(Vec::zero(), sums, piece); });
  each_block(rows, s, [&](int64_t i, int64_t count) BRASA_INLINE_LAMBDA {
    const int64_t at = i * s.columns;
    const Rows block = {x + at, count, s.columns};
    Slopes slopes;
    find_slopes<scaled>(s, block, dy + at, gamma, dx + at, slopes);
    put_gradients<scaled>(block, slopes, dy + at, gamma, {dx + at, sums, sums + s.columns});
  });
}

// This thread's columns of dgamma or dbeta: the sums of the chunks.
BRASA_INLINE void combine_chunks(const Exec& exec, const LayerNormShape& s, const float* parts,
                                 float* out) {
  const Range columns = exec.share(s.columns, kColumnGrain);
  const int64_t chunks = chunks_of(s.rows);
  each_piece(columns.begin, columns.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = Vec::zero();
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      sum = sum + load(parts + 2 * chunk * s.columns, piece);
    }
    store(sum, out, piece);
  });
}

}  // namespace

void layer_norm_backward(const Exec& exec, const LayerNormShape& s, const float* dy, const float* x,
                         const float* gamma, LayerNormGradients out) {
  float* parts = reinterpret_cast<float*>(exec.scratch);
  const int64_t chunks = chunks_of(s.rows);
  for (const Range mine : exec.portions(chunks)) {
    for (int64_t chunk = mine.begin; chunk < mine.end; ++chunk) {
      const Range rows = {s.rows * chunk / chunks, s.rows * (chunk + 1) / chunks};
      float* sums = parts + 2 * chunk * s.columns;
      if (gamma != nullptr) {
        chunk_gradients<true>(s, rows, dy, x, gamma, out.dx, sums);
      } else {
        chunk_gradients<false>(s, rows, dy, x, gamma, out.dx, sums);
      }
    }
  }
  exec.barrier();
  combine_chunks(exec, s, parts, out.dgamma);
  combine_chunks(exec, s, parts + s.columns, out.dbeta);
}

int64_t layer_norm_backward_workspace(const LayerNormShape& s) {
  return 2 * chunks_of(s.rows) * s.columns * static_cast<int64_t>(sizeof(float));
}

}  // namespace brasa::cpu::BRASA_ISA
