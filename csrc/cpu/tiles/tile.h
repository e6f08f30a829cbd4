// Eight tile registers of 16 rows x 64 bytes, four of sums and four of operands, and the one product of them.
// Everything else is written once, over:
//
//   kProductsBy         what multiplies
//   Tiles               opens the registers of this thread and closes them again
//     zero<T>(), store<T>(to)   sums: 16 rows of 64 bytes, one after the other
//     load<T>(from, step)       rows at steps of so many bytes, of sums without steps. Operands must not
//                               change before they are multiplied
//     dot_square<C, A, B>()     for the tiles C, C + 1 of A by B, B + 1, and C + 2, C + 3 of A + 1 by them:
//                       C[i][j] += sum over p of A[i][p].even * B[p][j].even
//                                + sum over p of A[i][p].odd  * B[p][j].odd
//                       with A and B of bf16 pairs and C of float32: on AMX the even sum and the odd sum run
//                       on their own from 0, p by p with one rounding each, and are added, then C is.
//                       Denormal operands and results count as 0.
//   Bf16                16 numbers in bf16
//     narrow(Vec)       rounds to nearest even; denormals become 0, NaN stays one
//     widen(Bf16)       exact
//     store(a, b, to)   a's 16 numbers, then b's: 64 bytes
//     store_pairs(even, odd, to)   even[0] odd[0] even[1] odd[1] ...: 64 bytes
#pragma once

#include "cpu/simd/vec.h"

#if defined(BRASA_EMULATE_WIDE)
#include "cpu/tiles/tile_emulated.h"
#elif defined(BRASA_DOT_TILES)
#include "cpu/tiles/tile_dot.h"
#else
#include "cpu/tiles/tile_amx.h"
#endif

namespace brasa::cpu::BRASA_ISA {

constexpr int kTileBytes = 1024, kRowBytes = 64;

}  // namespace brasa::cpu::BRASA_ISA
