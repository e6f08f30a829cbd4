// Where an element of strided axes lies.
#pragma once

#include <cstdint>

namespace brasa::ref {

// Element i of the axes [first, end), counted with the last axis fastest.
inline int64_t offset_of(const int64_t* extents, const int64_t* strides, int first, int end,
                         int64_t i) {
  int64_t offset = 0;
  for (int axis = end - 1; axis >= first; --axis) {
    offset += i % extents[axis] * strides[axis];
    i /= extents[axis];
  }
  return offset;
}

}  // namespace brasa::ref
