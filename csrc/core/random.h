// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11). The same (key, counter) gives
// the same four words on every device and under every thread count; nothing is stored.
#pragma once

#include <cstdint>

#include "core/macros.h"

namespace brasa {

struct Philox {
  uint32_t word[4];
};

// Ten rounds, with the multipliers and the steps of the keys that the paper gives. constexpr: nvcc then compiles
// it for the device, too.
BRASA_INLINE constexpr Philox philox(uint64_t key, uint64_t counter_low, uint64_t counter_high) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  Philox x = {{static_cast<uint32_t>(counter_low), static_cast<uint32_t>(counter_low >> 32),
               static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)}};
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = 0xD2511F53ull * x.word[0], b = 0xCD9E8D57ull * x.word[2];
    x = {{static_cast<uint32_t>(b >> 32) ^ x.word[1] ^ k0, static_cast<uint32_t>(b),
          static_cast<uint32_t>(a >> 32) ^ x.word[3] ^ k1, static_cast<uint32_t>(a)}};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return x;
}

// The draw of element i, which four elements share. state: seed and step; node: which random op of a model.
BRASA_INLINE constexpr Philox draw_of(const int64_t* state, uint32_t node, int64_t i) {
  const uint64_t stream = (static_cast<uint64_t>(state[1]) << 32) + node;
  return philox(static_cast<uint64_t>(state[0]), static_cast<uint64_t>(i / 4), stream);
}

// Uniform in [0, 1): the top 24 bits, so that every value is exact in float32.
BRASA_INLINE constexpr float uniform01(uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1p-24f;
}

}  // namespace brasa
