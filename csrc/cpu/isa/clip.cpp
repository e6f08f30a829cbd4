#include <math.h>
#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Four sums side by side: a multiply-add takes about four cycles, and two are begun in each.
constexpr int kSums = 4;

double squares_of(const float* x, int64_t count) {
  Vec sums[kSums];
  BRASA_UNROLL_ALL
  for (Vec& sum : sums) sum = Vec::zero();
  int64_t i = 0;
  for (; i + kSums * Vec::width <= count; i += kSums * Vec::width) {
    BRASA_UNROLL_ALL
    for (int s = 0; s < kSums; ++s) {
      const Vec v = Vec::load(x + i + s * Vec::width);
      sums[s] = fma(v, v, sums[s]);
    }
  }
  each_piece(i, count, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec v = load(x, piece);
    sums[0] = fma(v, v, sums[0]);
  });
  const float total = sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
  if (total < INFINITY) return double{total};
  double wide = 0;  // squares that float32 does not hold
  for (i = 0; i < count; ++i) wide += double{x[i]} * double{x[i]};
  return wide;
}

}  // namespace

void clip_value(const Exec& exec, const ClipShape& shape, const float* x, float* y) {
  const Range range = exec.share(shape.count, kFlatGrain);
  const Vec limit = Vec::all(shape.limit);
  // x stands second: with a NaN on either side max and min give their second operand.
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(min(limit, max(-limit, load(x, piece))), y, piece);
  });
}

void clip_norm(const Exec& exec, const ClipShape& shape, const float* x, float* y) {
  const int64_t count = shape.count, chunks = (count + kClipChunk - 1) / kClipChunk;
  double* squares = reinterpret_cast<double*>(exec.scratch);
  const Range mine = exec.share(chunks);
  for (int64_t chunk = mine.begin; chunk < mine.end; ++chunk) {
    const int64_t begin = chunk * kClipChunk, left = count - begin;
    squares[chunk] = squares_of(x + begin, left < kClipChunk ? left : kClipChunk);
  }
  exec.barrier();
  double total = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) total += squares[chunk];
  const double norm = ::sqrt(total);
  const Range range = exec.share(count, kFlatGrain);
  if (norm <= double{shape.limit}) {
    if (x != y && range.begin < range.end) {
      memcpy(y + range.begin, x + range.begin,
             static_cast<size_t>(range.end - range.begin) * sizeof(float));
    }
    return;
  }
  const bool finite = norm < INFINITY;
  const Vec factor = Vec::all(finite ? static_cast<float>(double{shape.limit} / norm) : NAN);
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec v = load(x, piece), zero = Vec::zero();
    store(finite ? v * factor : select(v == zero, zero, factor), y, piece);
  });
}

}  // namespace brasa::cpu::BRASA_ISA
