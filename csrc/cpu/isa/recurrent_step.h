// One step of one sequence: what a model does that writes a text, character by character. Each weight
// is used once, so packing would only cost; the step reads them as they lie.
//
// Rows of the weights are read from left to right, eight at a time, and added into the sums, which stay
// in the L1 cache. Walking down the columns instead, with the sums in registers, jumps 16 U bytes from
// row to row and outruns the prefetcher: 18 GB/s for U = 128, this 65 GB/s (Zen 3, weights in L3).
//
// Every thread takes some units, with all their gates: no barrier between product and cell.
#pragma once

#include "cpu/isa/recurrent_forward.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

BRASA_INLINE bool is_one_step(const RecurrentShape& s, const RecurrentOutputs& out) {
  return s.N == 1 && s.T == 1 && out.saved == nullptr;
}

// The sums of a step: those of gate k and unit j lie at z[k * U + j]. Each thread has its own units.
struct StepSums {
  int64_t U;
  int64_t columns;  // of the weights
  Range units;      // of this thread
  float* z;

  BRASA_INLINE StepSums(const Exec& exec, int64_t U_, int64_t gates)
      : U(U_),
        columns(gates * U_),
        units(exec.share(U_, kPanel)),
        z(reinterpret_cast<float*>(exec.scratch)) {}

  BRASA_INLINE Vec gate(int64_t k, Piece unit) const { return load(z + k * U, unit); }

  // z of a gate = b, or 0 without
  BRASA_INLINE void start(int64_t gate, const float* b) const {
    each_piece(units.begin, units.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(b == nullptr ? Vec::zero() : load(b, piece), z + gate * U, piece);
    });
  }

  // z of a gate += `Rows` rows of the weights, each times its factor
  template <int Rows>
  BRASA_INLINE void add_rows(int64_t gate, const float* factors, const float* weights) const {
    Vec factor[Rows];
    BRASA_UNROLL_ALL
    for (int r = 0; r < Rows; ++r) factor[r] = Vec::all(factors[r]);
    each_piece(units.begin, units.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum = load(z + gate * U, piece);
      BRASA_UNROLL_ALL
      for (int r = 0; r < Rows; ++r) sum = fma(factor[r], load(weights + r * columns, piece), sum);
      store(sum, z + gate * U, piece);
    });
  }

  // z[to + k] += factors @ (the columns of gate from + k of the weights), for k in [0, count)
  struct Gates {
    int64_t from, to, count;
  };
  BRASA_INLINE void add_product(Gates gates, int64_t rows, const float* factors,
                                const float* weights) const {
    int64_t l = 0;
    for (; l + 8 <= rows; l += 8) {
      for (int64_t k = 0; k < gates.count; ++k) {
        add_rows<8>(gates.to + k, factors + l, weights + l * columns + (gates.from + k) * U);
      }
    }
    for (; l < rows; ++l) {
      for (int64_t k = 0; k < gates.count; ++k) {
        add_rows<1>(gates.to + k, factors + l, weights + l * columns + (gates.from + k) * U);
      }
    }
  }
};

BRASA_INLINE Vec load_or_zero(const float* from, Piece piece) {
  return from == nullptr ? Vec::zero() : load(from, piece);
}

BRASA_INLINE void store_if(Vec value, float* to, Piece piece) {
  if (to != nullptr) store(value, to, piece);
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
