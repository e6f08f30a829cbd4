#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int kRounds = 10;

// core/random.h's philox(), for `width` counters at once.
struct PhiloxLanes {
  VecInt keys[kRounds][2];
  VecInt stream[2];

  PhiloxLanes(uint64_t key, uint64_t counter_high) {
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < kRounds; ++round) {
      keys[round][0] = VecInt::all(static_cast<int32_t>(k0));
      keys[round][1] = VecInt::all(static_cast<int32_t>(k1));
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    stream[0] = VecInt::all(static_cast<int32_t>(counter_high));
    stream[1] = VecInt::all(static_cast<int32_t>(counter_high >> 32));
  }

  // Lane l of words[k] gets word k of counter first + l. `first` is a multiple of width: the lower half
  // of the counter does not carry.
  BRASA_INLINE void draw(uint64_t first, VecInt (&words)[4]) const {
    const VecInt m0 = VecInt::all(static_cast<int32_t>(0xD2511F53u));
    const VecInt m1 = VecInt::all(static_cast<int32_t>(0xCD9E8D57u));
    words[0] = VecInt::all(static_cast<int32_t>(first)) + VecInt::lane_index();
    words[1] = VecInt::all(static_cast<int32_t>(first >> 32));
    words[2] = stream[0];
    words[3] = stream[1];
    for (int round = 0; round < kRounds; ++round) {
      VecInt a_high, a_low, b_high, b_low;
      mul_wide(words[0], m0, &a_high, &a_low);
      mul_wide(words[2], m1, &b_high, &b_low);
      words[0] = b_high ^ words[1] ^ keys[round][0];
      words[1] = b_low;
      words[2] = a_high ^ words[3] ^ keys[round][1];
      words[3] = a_low;
    }
  }
};

// Lane l of v[k] becomes element 4 * l + k of the four vectors in a row.
BRASA_INLINE void interleave(Vec (&v)[4]) {
  Vec even[2], odd[2];
  zip(v[0], v[2], &even[0], &even[1]);
  zip(v[1], v[3], &odd[0], &odd[1]);
  zip(even[0], odd[0], &v[0], &v[1]);
  zip(even[1], odd[1], &v[2], &v[3]);
}

}  // namespace

void dropout(const Exec& exec, const DropoutShape& shape, const int64_t* state, const float* x,
             float* y) {
  constexpr int64_t block = 4 * Vec::width;  // elements for each draw: counter i / 4 serves four
  static_assert(kFlatGrain % block == 0, "threads would cut inside a block");
  const Range range = exec.share(shape.count, kFlatGrain);
  const PhiloxLanes random(static_cast<uint64_t>(state[0]),
                           (static_cast<uint64_t>(state[1]) << 32) + shape.node);
  // Kept where u >= rate. u * 2^24 is a whole number below 2^24, and so is exact, as is this product.
  const Vec limit = Vec::all(shape.rate * 0x1p24f);
  const Vec factor = Vec::all(static_cast<float>(1 / (1 - double{shape.rate})));
  for (int64_t i = range.begin; i < range.end; i += block) {
    VecInt words[4];
    random.draw(static_cast<uint64_t>(i / 4), words);
    Vec u[4];
    for (int k = 0; k < 4; ++k) u[k] = to_float(shift_right_zero(words[k], 8));
    interleave(u);
    const int64_t left = range.end - i;
    for (int k = 0; k < 4 && k * Vec::width < left; ++k) {
      const int64_t at = i + k * Vec::width, rest = left - k * Vec::width;
      const Piece piece = {at, rest < Vec::width ? static_cast<int>(rest) : Vec::width};
      store(select(u[k] >= limit, load(x, piece) * factor, Vec::zero()), y, piece);
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
