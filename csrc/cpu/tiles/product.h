// The loops around the tiles, shared by matmul and the passes of conv2d.
#pragma once

#include "core/exec.h"
#include "cpu/tiles/lines.h"
#include "ops/activation.h"
#include "ops/precision.h"

namespace brasa::cpu::BRASA_ISA {

// Where the rows of a result begin: row i is pixel (n, p, q) of a grid of images of P x Q.
struct Rows {
  float* data;
  int64_t P, Q, image_step, row_step, column_step;
};

// c[i][j] (+)= sum over l of a[i][l] * b[l][j], then + bias and activation.
struct Product {
  int64_t m, n, k;
  Lines a, b;
  Rows c;
  bool add;           // to what c holds: then no activation
  const float* bias;  // or null
  Activation activation;
};

BRASA_INLINE int parts_of(Precision precision) { return precision == Precision::kBf16x3 ? 3 : 1; }

// What a product of these sizes, or of smaller ones, needs of the scratch of the team.
struct Room {
  int64_t packed_b, packed_a;  // bytes: of one of two buffers, and of one thread

  Room(int64_t m, int64_t n, int64_t k, Precision precision);
  int64_t bytes(int threads) const { return 2 * packed_b + threads * packed_a; }
};

// By the whole team. `turn` counts the blocks of b that were packed: products that follow each other in one
// scratch pass it on.
void multiply(const Exec& exec, const Product& product, Precision precision, const Room& room,
              int64_t* turn);

}  // namespace brasa::cpu::BRASA_ISA
