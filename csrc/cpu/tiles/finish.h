// From the sums of a block to c.
#pragma once

#include "cpu/isa/activate.h"
#include "cpu/tiles/panels.h"
#include "cpu/tiles/product.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

BRASA_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
BRASA_INLINE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
BRASA_INLINE int64_t offset_of(const Rows& rows, int64_t i) {
  const int64_t line = i / rows.Q;
  return line / rows.P * rows.image_step + line % rows.P * rows.row_step +
         i % rows.Q * rows.column_step;
}

// What becomes of the sums of a block.
struct Finish {
  bool add, last;
  const float* bias;  // of the first column, or null
  Activation activation;

  BRASA_INLINE void operator()(Vec sum, float* c, Piece piece) const {
    if (add) sum = load(c, piece) + sum;
    if (bias != nullptr) sum = sum + load(bias, piece);
    store(last ? activate(activation, sum) : sum, c, piece);
  }
};

// Rows whose offset in c is negative are left out.
inline void finish_block(const Finish& finish, const Sums& sums, int64_t rows, int64_t columns,
                         const int64_t* c_row, float* c) {
  const bool plain = finish.bias == nullptr && finish.activation.kind == ActivationKind::kNone;
  if (columns == 32 && (plain || (!finish.last && finish.bias == nullptr))) {
    for (int64_t i = 0; i < rows; ++i) {
      const float (*tile)[16][16] = sums.tile[i / 16];
      if (c_row[i] < 0) continue;
      float* to = c + c_row[i];
      Vec left = Vec::load(tile[0][i % 16]), right = Vec::load(tile[1][i % 16]);
      if (finish.add) left = Vec::load(to) + left, right = Vec::load(to + 16) + right;
      left.store(to), right.store(to + 16);
    }
    return;
  }
  for (int64_t i = 0; i < rows; ++i) {
    if (c_row[i] < 0) continue;
    const float (*tile)[16][16] = sums.tile[i / 16];
    each_piece(0, columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
      finish(Vec::load(tile[piece.at / 16][i % 16]), c + c_row[i], piece);
    });
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
