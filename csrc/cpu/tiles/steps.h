// The sums of one block of 32 x 32, step after step of 32 indices of the sum.
#pragma once

#include "cpu/isa/pieces.h"
#include "cpu/tiles/tile.h"

namespace brasa::cpu::BRASA_ISA {

// Four tiles, each contiguous: at steps of a power of two, stores to c's own place would take twice as long.
struct alignas(64) Sums {
  float tile[2][2][16][16];  // upper and lower, left and right
};

// The operands of a step: 32 rows of a, `row_step` bytes apart, and two tiles of b.
struct Square {
  const char* a;
  int64_t row_step;
  const char *left, *right;
};

namespace {

BRASA_INLINE void load_a(Tiles& tiles, const char* from) {
  tiles.load<4>(from), tiles.load<5>(from + 1024);
}
BRASA_INLINE void load_b(Tiles& tiles, const char* from) {
  tiles.load<6>(from), tiles.load<7>(from + 1024);
}

// The tiles of sums: 0, or what they were before.
BRASA_INLINE void start(Tiles& tiles, bool add, const Sums& sums) {
  if (add) {
    tiles.load<0>(sums.tile[0][0]), tiles.load<1>(sums.tile[0][1]);
    tiles.load<2>(sums.tile[1][0]), tiles.load<3>(sums.tile[1][1]);
  } else {
    tiles.zero<0>(), tiles.zero<1>(), tiles.zero<2>(), tiles.zero<3>();
  }
}
BRASA_INLINE void keep_sums(Tiles& tiles, Sums* sums) {
  tiles.store<0>(sums->tile[0][0]), tiles.store<1>(sums->tile[0][1]);
  tiles.store<2>(sums->tile[1][0]), tiles.store<3>(sums->tile[1][1]);
}

// Bytes that are read soon: `each` of them are fetched with every step into the second-level cache.
struct Ahead {
  const char* at;
  int64_t each;

  BRASA_INLINE void fetch_some() {
    for (int64_t i = 0; i < each; i += kRowBytes) __builtin_prefetch(at + i, 0, 2);
    at += each;
  }
};

// Products of one part. walk.next() gives the squares one by one; a copy of it begins anew.
template <class Walk>
BRASA_INLINE void multiply_steps(Tiles& tiles, int64_t steps, Walk walk, Ahead ahead, bool add,
                                 Sums* sums) {
#if defined(BRASA_DOT_TILES)
  if (!add) memset(sums, 0, sizeof(*sums));
  for (int row = 0; row < 32; row += Tiles::kRows) {
    Walk again = walk;
    Tiles::multiply_rows(
        steps, [&]() BRASA_INLINE_LAMBDA { return again.next(); }, row, ahead,
        sums->tile[row / 16][0][row % 16], sums->tile[row / 16][1][row % 16]);
    ahead.each = 0;
  }
  (void)tiles;
#else
  start(tiles, add, *sums);
  for (int64_t i = 0; i < steps; ++i) {
    ahead.fetch_some();
    const Square square = walk.next();
    tiles.load<4>(square.a, square.row_step);
    tiles.load<5>(square.a + 16 * square.row_step, square.row_step);
    tiles.load<6>(square.left), tiles.load<7>(square.right);
    tiles.dot_square<0, 4, 6>();
  }
  keep_sums(tiles, sums);
#endif
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
