// Where an element of strided axes lies in two operands.
#pragma once

#include "cuda/launch.h"

namespace brasa::cuda {

struct Offsets {
  int64_t a, b;
};

// Where element i of the axes [first, end) lies in two operands. The first axis gets what is left: one division
// less, and none where there is one axis.
__device__ __forceinline__ Offsets offsets_of(const int64_t* extents, const int64_t* a,
                                              const int64_t* b, int first, int end, int64_t i) {
  Offsets at{0, 0};
  for (int axis = end - 1; axis >= first; --axis) {
    const int64_t rest = axis == first ? 0 : i / extents[axis];
    const int64_t own = i - rest * extents[axis];
    at.a += own * a[axis];
    at.b += own * b[axis];
    i = rest;
  }
  return at;
}

}  // namespace brasa::cuda
