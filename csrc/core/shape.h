// Extents of a tensor, and size arithmetic that reports overflow instead of wrapping.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "core/dtype.h"
#include "core/error.h"

namespace brasa {

constexpr int kMaxRank = 8;  // shapes, and what kernels need of each axis, lie on the stack

// Both throw a ValueError that names `what` when the result leaves int64.
int64_t checked_mul(int64_t a, int64_t b, const char* what);
int64_t checked_add(int64_t a, int64_t b, const char* what);

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[axis]; }
  int64_t& operator[](int axis) { return dims_[axis]; }
  // The last extent; 1 for a scalar.
  int64_t last() const { return rank_ == 0 ? 1 : dims_[rank_ - 1]; }
  void append(int64_t dim);

  // Product of all extents, or of the axes [first, end). 1 for a scalar.
  int64_t elements() const { return elements(0, rank_); }
  int64_t elements(int first, int end) const;

  bool operator==(const Shape& other) const;
  bool operator!=(const Shape& other) const { return !(*this == other); }
  std::string str() const;  // "(8, 28, 28, 1)"

 private:
  int rank_ = 0;
  int64_t dims_[kMaxRank] = {};
};

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << shape.str();
}

// What is known of an operand before anything runs. An optional operand that is left out is !present.
struct TensorSpec {
  DType dtype = DType::kFloat32;
  Shape shape;
  bool present = true;

  int64_t bytes() const;
};

}  // namespace brasa
