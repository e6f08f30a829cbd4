// A four-axis array addressed as in the formulas: x(n, h, w, c), w(r, s, c, k).
#pragma once

#include <cstdint>

namespace brasa::ref {

template <class T>
struct Image {
  T* data;
  int64_t d1, d2, d3;  // extents of the second, third and last axis

  T& operator()(int64_t i0, int64_t i1, int64_t i2, int64_t i3) const {
    return data[((i0 * d1 + i1) * d2 + i2) * d3 + i3];
  }
};

inline bool inside(int64_t index, int64_t extent) { return 0 <= index && index < extent; }

}  // namespace brasa::ref
