#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/penalize.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Four sums side by side hide the latency of one.
constexpr int kSums = 4;

// The sum of term(x, sum so far) over a chunk, in float32.
template <class F>
BRASA_INLINE float sum_of(const float* x, int64_t count, F term) {
  Vec sums[kSums];
  BRASA_UNROLL_ALL
  for (Vec& sum : sums) sum = Vec::zero();
  int64_t i = 0;
  for (; i + kSums * Vec::width <= count; i += kSums * Vec::width) {
    BRASA_UNROLL_ALL
    for (int s = 0; s < kSums; ++s) sums[s] = term(Vec::load(x + i + s * Vec::width), sums[s]);
  }
  each_piece(i, count,
             [&](Piece piece) BRASA_INLINE_LAMBDA { sums[0] = term(load(x, piece), sums[0]); });
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

double sizes_of(const float* x, int64_t count) {
  const float total = sum_of(x, count, [](Vec v, Vec so_far) { return so_far + abs(v); });
  if (total < INFINITY) return double{total};
  double wide = 0;  // sums that float32 does not hold
  for (int64_t i = 0; i < count; ++i) wide += fabs(double{x[i]});
  return wide;
}

double squares_of(const float* x, int64_t count) {
  const float total = sum_of(x, count, [](Vec v, Vec so_far) { return fma(v, v, so_far); });
  if (total < INFINITY) return double{total};
  double wide = 0;
  for (int64_t i = 0; i < count; ++i) wide += double{x[i]} * double{x[i]};
  return wide;
}

}  // namespace

void penalty(const Exec& exec, const PenaltyShape& shape, const float* x, float* value) {
  const int64_t count = shape.count, chunks = (count + kPenaltyChunk - 1) / kPenaltyChunk;
  double* sums = reinterpret_cast<double*>(exec.scratch);
  const Range mine = exec.share(chunks);
  for (int64_t chunk = mine.begin; chunk < mine.end; ++chunk) {
    const int64_t begin = chunk * kPenaltyChunk, left = count - begin;
    const int64_t length = left < kPenaltyChunk ? left : kPenaltyChunk;
    double sum = 0;  // of a chunk that the nearest cache holds: read twice where both are wanted
    if (shape.l1 != 0) sum += shape.l1 * sizes_of(x + begin, length);
    if (shape.l2 != 0) sum += shape.l2 * squares_of(x + begin, length);
    sums[chunk] = sum;
  }
  exec.barrier();
  if (exec.thread != 0) return;
  double total = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) total += sums[chunk];
  *value = static_cast<float>(total);
}

void penalty_backward(const Exec& exec, const PenaltyShape& shape, Write write, const float* x,
                      float* dx) {
  const Range range = exec.share(shape.count, kFlatGrain);
  const Slope slope(shape.l1, shape.l2);
  const bool adds = write == Write::kAdd;
  map(range, dx, false, [&](Piece piece) BRASA_INLINE_LAMBDA {
    return slope.added(adds ? load(dx, piece) : Vec::zero(), load(x, piece));
  });
}

}  // namespace brasa::cpu::BRASA_ISA
