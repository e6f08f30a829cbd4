#include "core/shape.h"

namespace brasa {

int64_t checked_mul(int64_t a, int64_t b, const char* what) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    fail_value(what, ": ", a, " * ", b, " does not fit into 64 bits");
  }
  return product;
}

int64_t checked_add(int64_t a, int64_t b, const char* what) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) {
    fail_value(what, ": ", a, " + ", b, " does not fit into 64 bits");
  }
  return sum;
}

Shape::Shape(std::initializer_list<int64_t> dims) {
  for (const int64_t dim : dims) append(dim);
}

void Shape::append(int64_t dim) {
  require(rank_ < kMaxRank, "shape: at most ", kMaxRank, " axes are supported");
  require(dim >= 0, "shape: an extent must be >= 0, got ", dim, " (axis ", rank_, ")");
  dims_[rank_++] = dim;
}

int64_t Shape::elements(int first, int end) const {
  int64_t product = 1;
  for (int axis = first; axis < end; ++axis) {
    product = checked_mul(product, dims_[axis], "shape: number of elements");
  }
  return product;
}

bool Shape::operator==(const Shape& other) const {
  if (rank_ != other.rank_) return false;
  for (int axis = 0; axis < rank_; ++axis) {
    if (dims_[axis] != other.dims_[axis]) return false;
  }
  return true;
}

std::string Shape::str() const {
  std::string text = "(";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string(dims_[axis]);
  }
  return text + (rank_ == 1 ? ",)" : ")");
}

int64_t TensorSpec::bytes() const {
  return present ? checked_mul(shape.elements(), size_of(dtype), "shape: number of bytes") : 0;
}

}  // namespace brasa
