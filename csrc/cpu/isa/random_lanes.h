// Random numbers for consecutive elements, a draw for each four of them: core/random.h in the lanes.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

constexpr int kPhiloxRounds = 10;
// Draws made side by side: the rounds of one are a chain of some 80 cycles.
constexpr int kDraws = 2;

// core/random.h's philox(), for `width` counters at once.
struct RandomLanes {
  VecInt keys[kPhiloxRounds][2];
  VecInt stream[2];

  // state: seed and step.
  RandomLanes(const int64_t* state, uint32_t node) {
    const uint64_t key = static_cast<uint64_t>(state[0]);
    const uint64_t counter_high = (static_cast<uint64_t>(state[1]) << 32) + node;
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    BRASA_UNROLL_ALL
    for (int round = 0; round < kPhiloxRounds; ++round) {
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
    BRASA_UNROLL_ALL
    for (int d = 0; d < kDraws; ++d) {
      const uint32_t low = static_cast<uint32_t>(first) + static_cast<uint32_t>(d * VecInt::width);
      words[d][0] = VecInt::all(static_cast<int32_t>(low)) + VecInt::lane_index();
      words[d][1] = VecInt::all(static_cast<int32_t>(first >> 32));
      words[d][2] = stream[0];
      words[d][3] = stream[1];
    }
    BRASA_UNROLL_ALL
    for (int round = 0; round < kPhiloxRounds; ++round) {
      BRASA_UNROLL_ALL
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

// As uniform01().
BRASA_INLINE Vec uniform01(VecInt words) {
  return to_float(shift_right_zero(words, 8)) * Vec::all(0x1p-24f);
}

// f(words, at) for each draw: its four vectors belong to the elements at + 4 * lane + k, k = 0 to 3; `at` may lie
// behind the last one.
template <class F>
BRASA_INLINE void each_draw(const Exec& exec, int64_t count, const RandomLanes& random, F f) {
  constexpr int64_t quads = 4 * Vec::width;  // elements for each draw: counter i / 4 serves four
  static_assert(kFlatGrain % (kDraws * quads) == 0, "threads would cut inside a block");
  for (const Range mine : flat_portions(exec, count)) {
    for (int64_t block = mine.begin; block < mine.end; block += kDraws * quads) {
      VecInt words[kDraws][4];
      random.draw(static_cast<uint64_t>(block / 4), words);
      BRASA_UNROLL_ALL
      for (int d = 0; d < kDraws; ++d) f(words[d], block + d * quads);
    }
  }
}

// y = f(x, v) for the elements of a draw, v as interleave() leaves it.
template <class F>
BRASA_INLINE void map_draw(const Vec (&v)[4], int64_t at, int64_t count, const float* x, float* y,
                           F f) {
  BRASA_UNROLL_ALL
  for (int k = 0; k < 4; ++k, at += Vec::width) {
    if (at >= count) return;
    const Piece piece = {at, count - at < Vec::width ? static_cast<int>(count - at) : Vec::width};
    store(f(load(x, piece), v[k]), y, piece);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
