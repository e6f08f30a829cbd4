// Goes through axes in order, the last one fastest, and keeps where two operands are: ops/broadcast.h.
#pragma once

#include "cpu/simd/vec.h"
#include "ops/broadcast.h"

namespace brasa::cpu::BRASA_ISA {

struct Axes {
  const int64_t *extents, *a, *b;
  int count;
};

struct Walk {
  int64_t a = 0, b = 0;  // floats from the first element of each operand

  // At element i. No extent is 0.
  BRASA_INLINE Walk(const Axes& of, int64_t i) : axes(of) {
    for (int axis = axes.count - 1; axis >= 0; --axis) {
      index[axis] = i % axes.extents[axis];
      i /= axes.extents[axis];
      a += index[axis] * axes.a[axis];
      b += index[axis] * axes.b[axis];
    }
  }

  // After the last element it is at the first one again.
  BRASA_INLINE void next() {
    for (int axis = axes.count - 1; axis >= 0; --axis) {
      a += axes.a[axis];
      b += axes.b[axis];
      if (++index[axis] < axes.extents[axis]) return;
      index[axis] = 0;
      a -= axes.extents[axis] * axes.a[axis];
      b -= axes.extents[axis] * axes.b[axis];
    }
  }

 private:
  Axes axes;
  int64_t index[kBroadcastRank + 1];
};

}  // namespace brasa::cpu::BRASA_ISA
