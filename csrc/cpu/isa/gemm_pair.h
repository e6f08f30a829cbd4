// The register tile over two packed panels of b at once. gemm_blocking.h says why.
#pragma once

#include "cpu/isa/gemm_kernel.h"

namespace brasa::cpu::BRASA_ISA {

// The second panel's place relative to the first one's.
struct Pair {
  int64_t b, c;  // floats
  int64_t next;
};

namespace {

struct PanelSums {
  Vec v[kTileVectors];
};
BRASA_INLINE PanelSums half_of(const Vec (&sums)[2 * kTileVectors], int half) {
  PanelSums out;
  unrolled<kTileVectors>([&](int v)
                             BRASA_INLINE_LAMBDA { out.v[v] = sums[half * kTileVectors + v]; });
  return out;
}

// `t` is the first panel's, which is full; its `columns` and `whole` are the second one's.
template <int Rows>
BRASA_INLINE void compute_pair(const TileOperands& t, const Pair& pair, const int64_t* row,
                               const int64_t* c_row, const float* next) {
  constexpr int kVectors = 2 * kTileVectors;
  const float* a[Rows];
  Vec acc[Rows][kVectors];
  unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
    a[i] = t.a + row[i];
    asm("" : "+r"(a[i]));
    unrolled<kVectors>([&](int v) BRASA_INLINE_LAMBDA { acc[i][v] = Vec::zero(); });
  });

  const int64_t* column = t.column;
  const float* b = t.b;
  int64_t b_second = pair.b;
  asm("" : "+r"(b_second));
  // As in compute_tile().
  const int64_t rows_each = Rows * kStretch / (t.sum + 1) + 1;
  int64_t called = 0;
  for (int64_t left = t.sum; left > 0; left -= kStretch) {
    for (int64_t end = called + rows_each; called < end && called < Rows; ++called) {
      const float* line = t.c + c_row[called];
      unrolled<kTileVectors>([&](int v) BRASA_INLINE_LAMBDA {
        claim(line + v * Vec::width);
        claim(line + pair.c + v * Vec::width);
      });
    }
    unrolled<kStretchLines>([&](int i) BRASA_INLINE_LAMBDA {
      __builtin_prefetch(next + 16 * i, 0, 2);
      __builtin_prefetch(next + pair.next + 16 * i, 0, 2);
    });
    next += kStretch * kNextStep;
    const int64_t* const stop = column + (left < kStretch ? left : kStretch);
    do {
      const int64_t offset = *column++;
      Vec b_l[kVectors];
      unrolled<kTileVectors>([&](int v) BRASA_INLINE_LAMBDA {
        b_l[v] = Vec::load(b + v * Vec::width);
        b_l[kTileVectors + v] = Vec::load(b + b_second + v * Vec::width);
      });
      unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
        const Vec a_il = Vec::all(a[i][offset]);
        unrolled<kVectors>([&](int v)
                               BRASA_INLINE_LAMBDA { acc[i][v] = fma(a_il, b_l[v], acc[i][v]); });
      });
      b += kPanel;
    } while (column != stop);
  }

  asm("" ::: "memory");  // what follows needs registers, and is not read before
  const Vec floor = Vec::all(t.floor);
  float* const c = t.c;
  if (t.whole) {
    // One panel after the other: the bias takes half as many registers.
    unrolled<2>([&](int half) BRASA_INLINE_LAMBDA {
      Vec bias[kTileVectors] = {};
      if (t.bias != nullptr) load_columns<kTileVectors>(t.bias + half * kPanel, kPanel, bias);
      float* const first = c + half * pair.c;
      if (t.add) {
        unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
          finish_row<kTileVectors, true>(half_of(acc[i], half).v, bias, floor, kPanel,
                                         first + c_row[i]);
        });
      } else {
        unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
          finish_row<kTileVectors, false>(half_of(acc[i], half).v, bias, floor, kPanel,
                                          first + c_row[i]);
        });
      }
    });
    return;
  }
  Vec sums[Rows][kVectors];  // in memory, for a loop: the code would be long
  unrolled<Rows>([&](int i) BRASA_INLINE_LAMBDA {
    unrolled<kVectors>([&](int v) BRASA_INLINE_LAMBDA { sums[i][v] = acc[i][v]; });
  });
  asm("" : "+m"(sums));
  for (int half = 0; half < 2; ++half) {
    const int columns = half == 0 ? kPanel : t.columns;
    Vec bias[kTileVectors] = {};
    if (t.bias != nullptr) load_columns<kTileVectors>(t.bias + half * kPanel, columns, bias);
    for (int i = 0; i < Rows; ++i) {
      float* const to = c + c_row[i] + half * pair.c;
      if (t.add) {
        finish_row<kTileVectors, true>(half_of(sums[i], half).v, bias, floor, columns, to);
      } else {
        finish_row<kTileVectors, false>(half_of(sums[i], half).v, bias, floor, columns, to);
      }
    }
  }
}

// `tiles` of them, one below the other, of rows <= Rows chosen at run time.
template <int Rows>
__attribute__((noinline)) void compute_pairs(int64_t tiles, const TileOperands& operands,
                                             const Pair& places, const int64_t* row,
                                             const int64_t* c_row) {
  // No copies: GCC keeps their members in vector registers, and the steps then spill.
  const float* next = operands.next;
  for (int64_t i = 0; i < tiles; ++i, row += Rows, c_row += Rows, next += operands.next_step) {
    compute_pair<Rows>(operands, places, row, c_row, next);
  }
}

template <int Rows>
BRASA_INLINE void compute_pairs_of(int rows, int64_t tiles, const TileOperands& operands,
                                   const Pair& pair, const int64_t* row, const int64_t* c_row) {
  if constexpr (Rows == 1) {
    compute_pairs<1>(tiles, operands, pair, row, c_row);
  } else if (rows == Rows) {
    compute_pairs<Rows>(tiles, operands, pair, row, c_row);
  } else {
    compute_pairs_of<Rows - 1>(rows, tiles, operands, pair, row, c_row);
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
