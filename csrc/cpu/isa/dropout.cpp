#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int kRounds = 10;
// Draws made side by side: the rounds of one are a chain of some 80 cycles.
constexpr int kDraws = 2;

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

  // Lane l of words[d][k] gets word k of counter first + d * width + l. `first` is a multiple of kDraws *
  // width, a power of two: the lower half of the counter does not carry.
  BRASA_INLINE void draw(uint64_t first, VecInt (&words)[kDraws][4]) const {
    const VecInt m0 = VecInt::all(static_cast<int32_t>(0xD2511F53u));
    const VecInt m1 = VecInt::all(static_cast<int32_t>(0xCD9E8D57u));
    for (int d = 0; d < kDraws; ++d) {
      const uint32_t low = static_cast<uint32_t>(first) + static_cast<uint32_t>(d * VecInt::width);
      words[d][0] = VecInt::all(static_cast<int32_t>(low)) + VecInt::lane_index();
      words[d][1] = VecInt::all(static_cast<int32_t>(first >> 32));
      words[d][2] = stream[0];
      words[d][3] = stream[1];
    }
    for (int round = 0; round < kRounds; ++round) {
      for (int d = 0; d < kDraws; ++d) {
        VecInt a_high, a_low, b_high, b_low;
        mul_wide(words[d][0], m0, &a_high, &a_low);
        mul_wide(words[d][2], m1, &b_high, &b_low);
        words[d][0] = b_high ^ words[d][1] ^ keys[round][0];
        words[d][1] = b_low;
        words[d][2] = a_high ^ words[d][3] ^ keys[round][1];
        words[d][3] = a_low;
      }
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
  constexpr int64_t quad = 4 * Vec::width;  // elements for each draw: counter i / 4 serves four
  static_assert(kFlatGrain % (kDraws * quad) == 0, "threads would cut inside a block");
  const PhiloxLanes random(static_cast<uint64_t>(state[0]),
                           (static_cast<uint64_t>(state[1]) << 32) + shape.node);
  // Kept where u >= rate. u * 2^24 is a whole number below 2^24, and so is exact, as is this product.
  const Vec limit = Vec::all(shape.rate * 0x1p24f);
  const Vec factor = Vec::all(static_cast<float>(1 / (1 - double{shape.rate})));
  const auto drop = [&](int64_t block) BRASA_INLINE_LAMBDA {
    VecInt words[kDraws][4];
    random.draw(static_cast<uint64_t>(block / 4), words);
    for (int d = 0; d < kDraws; ++d) {
      Vec u[4];
      for (int k = 0; k < 4; ++k) u[k] = to_float(shift_right_zero(words[d][k], 8));
      interleave(u);
      for (int k = 0; k < 4; ++k) {
        const int64_t at = block + d * quad + k * Vec::width, left = shape.count - at;
        if (left <= 0) return;
        const Piece piece = {at, left < Vec::width ? static_cast<int>(left) : Vec::width};
        store(select(u[k] >= limit, load(x, piece) * factor, Vec::zero()), y, piece);
      }
    }
  };
  for (const Range mine : flat_portions(exec, shape.count)) {
    for (int64_t block = mine.begin; block < mine.end; block += kDraws * quad) drop(block);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
