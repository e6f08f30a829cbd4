// Tiles for processors with AVX512-BF16 alone, whose dot product of pairs does twice the products of a float32
// FMA on Zen 5 (on Intel's half: those have AMX). Sums are in memory, and in registers while they are added to;
// operands stay where they lie. Included by tile.h, which says what each function means; here the terms of a
// pair are added to the sum one after the other, each with one rounding.
#pragma once

#include "cpu/simd/vec.h"
#include "cpu/tiles/bf16.h"

namespace brasa::cpu::BRASA_ISA {

constexpr char kProductsBy[] = "AVX512-BF16";

class Tiles {
 public:
  // Rows that are multiplied at once. With two vectors of sums each these are 16 chains, which the latency of
  // the instruction asks for, of 32 registers; and a pair of a, read once, meets two vectors of b: a load for
  // every product would be more than a core does.
  static constexpr int kRows = 8;

  BRASA_INLINE Tiles() {}
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int T>
  BRASA_INLINE void zero() {
    memset(sums_[T], 0, sizeof(sums_[T]));
  }
  template <int T>
  BRASA_INLINE void load(const void* from, int64_t step = 64) {
    if constexpr (T < kSums) {
      memcpy(sums_[T], from, sizeof(sums_[T]));
    } else {
      operands_[T - kSums] = {static_cast<const char*>(from), step};
    }
  }
  template <int T>
  BRASA_INLINE void store(void* to) {
    memcpy(to, sums_[T], sizeof(sums_[T]));
  }
  template <int C, int A, int B>
  BRASA_INLINE void dot_square() {
    const char *left = operands_[B - kSums].data, *right = operands_[B + 1 - kSums].data;
    for (int row = 0; row < 32; row += kRows) {
      const Operand a = operands_[A - kSums + row / 16];
      const int tile = C + row / 16 * 2, first = row % 16;
      multiply_once(a.data + first * a.step, a.step, left, right, sums_[tile][first],
                    sums_[tile + 1][first]);
    }
  }

  // The sums of kRows rows, from row `first` of the squares on, of all steps.
  template <class Next, class Ahead>
  BRASA_INLINE static void multiply_rows(int64_t steps, Next next, int first, Ahead ahead,
                                         float* left, float* right) {
    __m512 sums[kRows][2];
    load_sums(left, right, sums);
    for (int64_t i = 0; i < steps; ++i) {
      ahead.fetch_some();
      const auto square = next();
      add_products(square.a + first * square.row_step, square.row_step, square.left, square.right,
                   sums);
    }
    store_sums(sums, left, right);
  }

 private:
  static constexpr int kSums = 4;

  struct Operand {
    const char* data;
    int64_t step;
  };

  BRASA_INLINE static void load_sums(const float* left, const float* right,
                                     __m512 (&sums)[kRows][2]) {
    BRASA_UNROLL_ALL
    for (int i = 0; i < kRows; ++i) {
      sums[i][0] = _mm512_load_ps(left + 16 * i), sums[i][1] = _mm512_load_ps(right + 16 * i);
    }
  }
  BRASA_INLINE static void store_sums(const __m512 (&sums)[kRows][2], float* left, float* right) {
    BRASA_UNROLL_ALL
    for (int i = 0; i < kRows; ++i) {
      _mm512_store_ps(left + 16 * i, sums[i][0]), _mm512_store_ps(right + 16 * i, sums[i][1]);
    }
  }

  BRASA_INLINE static void add_products(const char* a, int64_t step, const char* left,
                                        const char* right, __m512 (&sums)[kRows][2]) {
    const char* lower = a + kRows / 2 * step;
    for (int p = 0; p < 16; ++p) {
      const __m512bh b_left = (__m512bh)_mm512_loadu_si512(left + p * 64);
      const __m512bh b_right = (__m512bh)_mm512_loadu_si512(right + p * 64);
      BRASA_UNROLL_ALL
      for (int i = 0; i < kRows; ++i) {
        const char* row = i < kRows / 2 ? a + i * step : lower + (i - kRows / 2) * step;
        int32_t pair;
        memcpy(&pair, row + 4 * p, sizeof(pair));
        const __m512bh a_ip = (__m512bh)_mm512_set1_epi32(pair);
        sums[i][0] = _mm512_dpbf16_ps(sums[i][0], a_ip, b_left);
        sums[i][1] = _mm512_dpbf16_ps(sums[i][1], a_ip, b_right);
      }
    }
  }

  // Not inlined: the compiler would take the sums of all tiles for variables and run out of registers.
  __attribute__((noinline)) static void multiply_once(const char* a, int64_t step, const char* left,
                                                      const char* right, float* left_sums,
                                                      float* right_sums) {
    __m512 sums[kRows][2];
    load_sums(left_sums, right_sums, sums);
    add_products(a, step, left, right, sums);
    store_sums(sums, left_sums, right_sums);
  }

  alignas(64) float sums_[kSums][16][16];
  Operand operands_[4];
};

}  // namespace brasa::cpu::BRASA_ISA
