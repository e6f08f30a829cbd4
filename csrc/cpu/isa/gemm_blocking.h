// Tile and block sizes of the matrix product, with the reason for each number. "Sum" is k, the
// length of the dot products; rows are broadcast, columns lie in the vector lanes.
#pragma once

#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

// A tile keeps kTileRows x 2 vectors of sums in registers; beside them, per step, two vectors of b
// and one broadcast of a. It needs latency x throughput = 8 to 10 independent sums to fill the FMA
// units, and one general register per row for its address, of which x86 leaves 10.
//   avx2     6 x 16: 12 + 2 + 1 of 16 registers. 3 x 32 and 4 x 24 are as fast, 3 x 16 stops at 75 %.
//   avx512   9 x 32: 18 + 2 + 1 of 32. 7 to 14 rows measured alike (84-92 %); more would spill the
//           row addresses.
//   generic  6 x 8 with 16 registers (a product needs one more than a fused one, hence no 7th row).
//   neon     8 x 8: 16 + 2 + 1 of 32; four units with a latency of 4 cycles, the widest there are, need
//           16 sums.
// Results with at most one vector of columns use one-vector tiles, bound by loads of a.
constexpr int kTileVectors = 2;
#if defined(BRASA_ISA_AVX512)
constexpr int kTileRows = 9, kNarrowTileRows = 10;
#elif defined(BRASA_ISA_AVX2)
constexpr int kTileRows = 6, kNarrowTileRows = 9;
#elif defined(BRASA_ISA_NEON)
constexpr int kTileRows = 8, kNarrowTileRows = 10;
#else
constexpr int kTileRows = 6, kNarrowTileRows = 9;
#endif
constexpr int kPanel = kTileVectors * Vec::width;

// Where 16 lanes have two panels left, tiles go over both: 6 x 64 has fewer instructions for each FMA than
// 9 x 32 (37 for 24, against 32 for 18), and a core that shares its front end with another hyperthread is
// short of them. GF/s of 9 x 32 and 6 x 64, one core of Sapphire Rapids, 64 rows, b in the second-level cache,
// sum 128: 99 -> 106, and 90 -> 106 while the other hyperthread is busier; sum 256: 94 -> 99, 86 -> 99;
// sum 512: 94 -> 94, 84 -> 93. Fewer lanes have fewer registers.
constexpr bool kHasPairs = Vec::width == 16;
constexpr int kPairRows = 6;

// What a step of a tile fetches in advance, in floats: eight tiles fetch a whole panel. It is called for
// between stretches of steps, short enough for the loads to keep most of the fill buffers.
constexpr int64_t kNextStep = kPanel / 8;
constexpr int64_t kStretch = 16, kStretchLines = (kStretch * kNextStep + 15) / 16;

// The sum is cut into blocks of at most kBlockSum. avx2: a panel of b and one tile's rows of a fit the
// first-level cache together (20 + 8 of 32 KiB); 256 to 512 measured within 2 % of each other, 128 reads and
// writes c more often (4 to 8 % slower). avx512: those passes over c weigh twice as much beside twice the
// FMAs, and a panel may come from the second-level cache (128 bytes in 9 cycles). 1024^3 on one core of
// Sapphire Rapids: 112 GF/s with 256, 114 with 384, 117 with 512.
constexpr int64_t kBlockSum = Vec::width == 16 ? 512 : 320;

// Rows of a that one thread takes at once: 120 KiB of a (avx512 288) beside one panel of b in the
// second-level cache.
constexpr int64_t kBlockRows = 16 * kTileRows;

// Tiles of rows in a piece of work that is handed out: enough to fetch the next panel of b meanwhile.
constexpr int64_t kPieceTiles = 8;

// Columns of b packed at once by matmul: two buffers of kBlockSum x kBlockColumns are 5 MiB
// (avx512 8).
constexpr int64_t kBlockColumns = 2048;

}  // namespace brasa::cpu::BRASA_ISA
