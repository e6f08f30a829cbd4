#include "core/random.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// core/random.h's philox() for `width` counters at once: words[k] of counter low + l in lane l.
BRASA_INLINE void philox_lanes(uint64_t key, uint64_t low, uint64_t high, VecInt (&words)[4]) {
  alignas(64) int32_t counter[2][VecInt::width];
  for (int lane = 0; lane < VecInt::width; ++lane) {
    const uint64_t value = low + static_cast<uint64_t>(lane);
    counter[0][lane] = static_cast<int32_t>(value);
    counter[1][lane] = static_cast<int32_t>(value >> 32);
  }
  words[0] = VecInt::load(counter[0]);
  words[1] = VecInt::load(counter[1]);
  words[2] = VecInt::all(static_cast<int32_t>(high));
  words[3] = VecInt::all(static_cast<int32_t>(high >> 32));
  const VecInt m0 = VecInt::all(static_cast<int32_t>(0xD2511F53u));
  const VecInt m1 = VecInt::all(static_cast<int32_t>(0xCD9E8D57u));
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    VecInt a_high, a_low, b_high, b_low;
    mul_wide(words[0], m0, &a_high, &a_low);
    mul_wide(words[2], m1, &b_high, &b_low);
    words[0] = b_high ^ words[1] ^ VecInt::all(static_cast<int32_t>(k0));
    words[1] = b_low;
    words[2] = a_high ^ words[3] ^ VecInt::all(static_cast<int32_t>(k1));
    words[3] = a_low;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

// Lane l of word k belongs to element 4 * l + k.
BRASA_INLINE void interleave(Vec (&v)[4]) {
  Vec a[4];
  zip(v[0], v[2], &a[0], &a[2]);
  zip(v[1], v[3], &a[1], &a[3]);
  zip(a[0], a[1], &v[0], &v[1]);
  zip(a[2], a[3], &v[2], &v[3]);
}

}  // namespace

void dropout(const Exec& exec, const DropoutShape& shape, const int64_t* state, const float* x,
             float* y) {
  constexpr int64_t block = 4 * Vec::width;  // the elements of one call of philox_lanes
  static_assert(kFlatGrain % block == 0, "threads would cut inside a block");
  const Range range = exec.share(shape.count, kFlatGrain);
  const uint64_t seed = static_cast<uint64_t>(state[0]);
  const uint64_t stream = (static_cast<uint64_t>(state[1]) << 32) + shape.node;
  // u = word >> 8, scaled by 2^-24, is at least rate: both sides are exact in float32.
  const Vec limit = Vec::all(shape.rate * 0x1p24f);
  const Vec factor = Vec::all(static_cast<float>(1 / (1 - double{shape.rate})));
  for (int64_t i = range.begin; i < range.end; i += block) {
    VecInt words[4];
    philox_lanes(seed, static_cast<uint64_t>(i / 4), stream, words);
    Vec u[4];
    for (int k = 0; k < 4; ++k) u[k] = to_float(shift_right_zero(words[k], 8));
    interleave(u);
    const int64_t end = i + block < range.end ? i + block : range.end;
    int k = 0;
    each_piece(i, end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Mask kept = u[k++] >= limit;
      store(select(kept, load(x, piece) * factor, Vec::zero()), y, piece);
    });
  }
}

}  // namespace brasa::cpu::BRASA_ISA
