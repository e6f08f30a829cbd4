#include "check.h"
#include "core/shape.h"

namespace brasa::test {
namespace {

constexpr int64_t kMax = INT64_MAX;
constexpr int64_t kTwo32 = int64_t{1} << 32;

BRASA_TEST(shape_products_that_overflow_are_errors) {
  CHECK_EQ(checked_mul(kTwo32, kTwo32 / 4, "test"), int64_t{1} << 62);
  CHECK_EQ(checked_mul(0, kMax, "test"), 0);
  CHECK_EQ(checked_add(kMax - 1, 1, "test"), kMax);
  CHECK_THROWS(ErrorKind::kValue, "test", checked_mul(kTwo32, kTwo32 / 2, "test"));
  CHECK_THROWS(ErrorKind::kValue, "test", checked_mul(kMax, -2, "test"));
  CHECK_THROWS(ErrorKind::kValue, "test", checked_add(kMax, 1, "test"));
  CHECK_THROWS(ErrorKind::kValue, "elements", (Shape{kTwo32, kTwo32}).elements());
  // A zero does not excuse the others: their product may be the stride of another array.
  CHECK_EQ((Shape{0, kTwo32, 7}).elements(), 0);
}

BRASA_TEST(shape_bytes_that_overflow_are_errors) {
  TensorSpec spec{DType::kFloat64, Shape{kTwo32, kTwo32 / 8}, true};
  CHECK_THROWS(ErrorKind::kValue, "bytes", spec.bytes());
  spec.dtype = DType::kUint8;
  CHECK_EQ(spec.bytes(), int64_t{1} << 61);
  spec.present = false;
  CHECK_EQ(spec.bytes(), 0);
}

BRASA_TEST(shape_refuses_negative_extents_and_too_many_axes) {
  CHECK_THROWS(ErrorKind::kValue, "-3", (Shape{2, -3}));
  CHECK_THROWS(ErrorKind::kValue, "axes", (Shape{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  CHECK_EQ((Shape{1, 2, 3, 4, 5, 6, 7, 8}).rank(), kMaxRank);
}

BRASA_TEST(shape_counts_compares_and_prints) {
  const Shape image{8, 28, 28, 1};
  CHECK_EQ(image.str(), "(8, 28, 28, 1)");
  CHECK_EQ((Shape{5}).str(), "(5,)");
  CHECK_EQ(Shape().str(), "()");
  CHECK_EQ(image.elements(), 6272);
  CHECK_EQ(image.elements(1, 3), 784);
  CHECK_EQ(Shape().elements(), 1);
  CHECK_EQ(Shape().last(), 1);
  CHECK_EQ((Shape{4, 0}).elements(), 0);
  CHECK((image == Shape{8, 28, 28, 1}));
  CHECK((image != Shape{8, 28, 28}));
  CHECK((image != Shape{8, 28, 28, 2}));
}

}  // namespace
}  // namespace brasa::test
