// All sums, of x and of dy, come from one reading; dx from another.
#include "cpu/isa/group_norm_images.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// For each chunk and channel: mean, squares around it, the sum of dy and that of dy * (x - mean).
enum : int { kOffsets, kSquares, kSlopes, kProducts, kSums };
using BackwardSlot = Slot<kSums>;

// Five vectors for each of a strip, in 32 or 16 registers.
constexpr int kGradientVectors = kManyRegisters ? 4 : 2;

void sum_chunk(const GroupNormShape& s, const float* dy, const float* x, const BackwardSlot& slot,
               int64_t chunk) {
  const Range rows = chunk_rows(s.positions, chunk);
  each_strip<kGradientVectors>(0, s.channels, [&](auto strip) BRASA_INLINE_LAMBDA {
    constexpr int kVectors = decltype(strip)::vectors;
    Vec shift[kVectors], offset[kVectors];
    Vec squares[kVectors] = {}, slopes[kVectors] = {}, products[kVectors] = {};
    load_shifts(s, x, strip, shift);
    find_offsets(rows, s.channels, strip, x, shift, offset);
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      Vec d[kVectors], g[kVectors];
      strip.load(x + i * s.channels, d), strip.load(dy + i * s.channels, g);
      unrolled<kVectors>([&](int v) BRASA_INLINE_LAMBDA {
        d[v] = d[v] - shift[v] - offset[v];
        squares[v] = fma(d[v], d[v], squares[v]);
        slopes[v] = slopes[v] + g[v];
        products[v] = fma(g[v], d[v], products[v]);
      });
    }
    const int64_t row = chunk * s.channels;
    slot.keep(kOffsets, row, strip, offset), slot.keep(kSquares, row, strip, squares);
    slot.keep(kSlopes, row, strip, slopes), slot.keep(kProducts, row, strip, products);
  });
}

// one = the sum of dy, two = that of dy * (x - mean), mean being the group's.
void combine_chunks(const GroupNormShape& s, const BackwardSlot& slot) {
  const int64_t C = s.channels;
  for (int64_t j = 0; j < C; ++j) slot.one[j] = slot.two[j] = 0;
  for (int64_t at = 0; at < chunks_of(s.positions) * C; at += C) {
    const float *offsets = slot.sums[kOffsets] + at, *slopes = slot.sums[kSlopes] + at;
    const float* products = slot.sums[kProducts] + at;
    for (int64_t j = 0; j < C; ++j) {
      const double slope = static_cast<double>(slopes[j]);
      slot.one[j] += slope;
      slot.two[j] += static_cast<double>(products[j]) +
                     slope * (static_cast<double>(offsets[j]) - slot.mean[j]);
    }
  }
}

// dx = dy * a + (x - shift) * b + c
void find_factors(const GroupNormShape& s, const BackwardSlot& slot, const float* gamma) {
  const double share = 1 / static_cast<double>(s.group());
  each_group(s, [&](int64_t begin, int64_t end) BRASA_INLINE_LAMBDA {
    double sum = 0, product = 0;
    for (int64_t j = begin; j < end; ++j) {
      const double factor = gamma ? static_cast<double>(gamma[j]) : 1.;
      sum += factor * slot.one[j];
      product += factor * slot.two[j];
    }
    const double scale = slot.scale[begin];
    const double b = -(product * share * scale * scale * scale);
    const double c = -(sum * share * scale) - b * slot.mean[begin];
    for (int64_t j = begin; j < end; ++j) {
      slot.b[j] = static_cast<float>(b), slot.c[j] = static_cast<float>(c);
    }
  });
}

// The image's share of dgamma, and of dbeta behind it, for the block's.
void add_gradients(const GroupNormShape& s, const BackwardSlot& slot, bool first, double* sums) {
  double *dgamma = sums, *dbeta = sums + s.channels;
  for (int64_t j = 0; j < s.channels; ++j) {
    dgamma[j] = (first ? 0. : dgamma[j]) + slot.two[j] * slot.scale[j];
    dbeta[j] = (first ? 0. : dbeta[j]) + slot.one[j];
  }
}

void put_slopes(const GroupNormShape& s, Range rows, const float* dy, const float* x,
                const BackwardSlot& slot, float* dx) {
  for (int64_t at = rows.begin * s.channels; at < rows.end * s.channels; at += s.channels) {
    each_piece(0, s.channels, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec centred = load(x + at, piece) - load(slot.shift, piece);
      const Vec level = fma(centred, load(slot.b, piece), load(slot.c, piece));
      store(fma(load(dy + at, piece), load(slot.a, piece), level), dx + at, piece);
    });
  }
}

// This thread's columns of dgamma and dbeta: the sums of the blocks.
void combine_blocks(const Exec& exec, const GroupNormShape& s, const double* parts,
                    GroupNormGradients out) {
  const Range mine = exec.share(s.channels, kColumnGrain);
  for (int64_t j = mine.begin; j < mine.end; ++j) {
    double dgamma = 0, dbeta = 0;
    for (int64_t at = 0; at < 2 * blocks_of(s) * s.channels; at += 2 * s.channels) {
      dgamma += parts[at + j], dbeta += parts[at + s.channels + j];
    }
    out.dgamma[j] = static_cast<float>(dgamma), out.dbeta[j] = static_cast<float>(dbeta);
  }
}

}  // namespace

void group_norm_backward(const Exec& exec, const GroupNormShape& s, const float* dy, const float* x,
                         const float* gamma, GroupNormGradients out) {
  char* behind = exec.scratch + slots_of(s, exec.threads) * BackwardSlot::bytes(s);
  double* parts = reinterpret_cast<double*>(behind);
  each_image<kSums>(
      exec, s,
      [&](int64_t image, const BackwardSlot& slot, int64_t chunk) BRASA_INLINE_LAMBDA {
        sum_chunk(s, dy + image * s.image(), x + image * s.image(), slot, chunk);
      },
      [&](int64_t image, const BackwardSlot& slot, int64_t block, bool first) BRASA_INLINE_LAMBDA {
        find_groups(s, slot, x + image * s.image(), gamma);
        combine_chunks(s, slot);
        find_factors(s, slot, gamma);
        add_gradients(s, slot, first, parts + 2 * block * s.channels);
      },
      [&](int64_t image, const BackwardSlot& slot, Range rows) BRASA_INLINE_LAMBDA {
        const int64_t at = image * s.image();
        put_slopes(s, rows, dy + at, x + at, slot, out.dx + at);
      });
  exec.barrier();
  combine_blocks(exec, s, parts, out);
}

int64_t group_norm_backward_workspace(const GroupNormShape& s, int threads) {
  const int64_t sums = 2 * blocks_of(s) * s.channels;
  return sums * static_cast<int64_t>(sizeof(double)) +
         slots_of(s, threads) * BackwardSlot::bytes(s);
}

}  // namespace brasa::cpu::BRASA_ISA
