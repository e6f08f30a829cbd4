// One block of c, 32 x 32 at most: the sum of one panel of a and one panel of b.
#pragma once

#include "cpu/tiles/pack.h"
#include "cpu/tiles/steps.h"

namespace brasa::cpu::BRASA_ISA {

namespace {

// The steps of two packed operands of one part.
struct Panels {
  const char *a, *b;

  BRASA_INLINE Square next() {
    const Square now = {a, kRowBytes, b, b + kTileBytes};
    a += 2 * kTileBytes, b += 2 * kTileBytes;
    return now;
  }
};

// With three parts the six products of the highest order, the smallest first; from one to the next only
// one operand changes. In the caches this runs at 97 % of what the dots alone do, with one part at 75 %
// (Sapphire Rapids, a from the second-level cache).
template <int Parts>
BRASA_INLINE void multiply_panels(Tiles& tiles, int64_t steps, const char* a, const char* b,
                                  Ahead ahead, bool add, Sums* sums) {
  if (Parts == 1) {
    return multiply_steps(tiles, steps, Panels{a, b}, ahead, add, sums);
  }
  constexpr int kHigh = 0, kMiddle = 2048, kLow = 4096;
  start(tiles, add, *sums);
  for (int64_t i = 0; i < steps; ++i, a += 6144, b += 6144) {
    ahead.fetch_some();
    load_a(tiles, a + kLow), load_b(tiles, b + kHigh), tiles.dot_square<0, 4, 6>();
    load_a(tiles, a + kMiddle), tiles.dot_square<0, 4, 6>();
    load_b(tiles, b + kMiddle), tiles.dot_square<0, 4, 6>();
    load_a(tiles, a + kHigh), tiles.dot_square<0, 4, 6>();
    load_b(tiles, b + kLow), tiles.dot_square<0, 4, 6>();
    load_b(tiles, b + kHigh), tiles.dot_square<0, 4, 6>();
  }
  keep_sums(tiles, sums);
}

constexpr int64_t kPart = 64;  // of the sum, copied at once

// 32 outer indices of an operand at most: a range, or, for lines along the sum, any; -1 stands for none.
struct Some {
  const Lines& lines;
  Range outer;
  const int64_t* index = nullptr;

  BRASA_INLINE int64_t line(int64_t i) const {
    return index != nullptr ? index[i] : outer.begin + i;
  }
};

// to[l][i] = element i of the sum's index l, zeros where there is none.
inline void copy_part(const Some& some, Range sum, float (*to)[32]) {
  float buffer[kPart];
  const int64_t count = some.outer.end - some.outer.begin;
  memset(to, 0, static_cast<size_t>(sum.end - sum.begin) * sizeof(*to));
  if (some.lines.along) {
    for (int64_t i = 0; i < count; ++i) {
      if (some.line(i) < 0) continue;
      const float* line = fetch(some.lines, some.line(i), sum, buffer);
      for (int64_t l = 0; l < sum.end - sum.begin; ++l) to[l][i] = line[l];
    }
    return;
  }
  for (int64_t l = 0; l < sum.end - sum.begin; ++l) {
    const float* line = fetch(some.lines, sum.begin + l, some.outer, buffer);
    for (int64_t i = 0; i < count; ++i) to[l][i] = line[i];
  }
}

inline void round_to_bf16(float (*lines)[32], Range sum) {
  for (int64_t l = 0; l < sum.end - sum.begin; ++l) {
    for (int half = 0; half < 32; half += 16)
      widen(narrow(Vec::load(lines[l] + half))).store(lines[l] + half);
  }
}

// The same sums in float32, for what three parts do not hold: Inf, NaN, the largest and tiny numbers. With
// one part the operands are rounded all the same.
template <int Parts>
inline void multiply_plainly(const Some& a, const Some& b, Range sum, bool add, Sums* sums) {
  float a_part[kPart][32], b_part[kPart][32];
  if (!add) memset(sums, 0, sizeof(*sums));
  for (int64_t begin = sum.begin; begin < sum.end; begin += kPart) {
    const Range part = {begin, begin + kPart < sum.end ? begin + kPart : sum.end};
    copy_part(a, part, a_part);
    copy_part(b, part, b_part);
    if (Parts == 1) round_to_bf16(a_part, part), round_to_bf16(b_part, part);
    for (int64_t l = 0; l < part.end - part.begin; ++l) {
      for (int i = 0; i < 32; ++i) {
        for (int half = 0; half < 2; ++half) {
          float* to = sums->tile[i / 16][half][i % 16];
          fma(Vec::all(a_part[l][i]), Vec::load(b_part[l] + half * 16), Vec::load(to)).store(to);
        }
      }
    }
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
