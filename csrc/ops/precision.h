// How exactly a product is computed: an attribute of matmul, conv2d and the gradients of conv2d, by name.
//   "float32"  Operands and sums in float32: what everything else in this library does. The default.
//   "bf16"     Each operand is rounded to bf16, to nearest even: 8 significant bits, the range of float32.
//              Products are exact, sums float32, and so is what is stored.
//   "bf16x3"   Each operand is split in three bf16 parts that hold it exactly, and the six products of
//              the highest order are summed in float32: the error of float32 on tiles of bf16.
// Error, against the exact sum of the products a * b, with u = 2^-24 and k terms:
//   bf16       2.1 * 2^-8 * sum of |a * b|, and k * u * sum of |a * b| for the sum
//   bf16x3     (k + 2) * u * sum of |a * b|. Measured: the root mean square of float32 (k = 2048: 1.2e-7
//              of the sum of |a * b|)
// Edges      Inf and NaN are kept. In bf16 a number from 2^127 * (2 - 2^-8) on becomes Inf. Numbers and sums
//            below 2^-126 count as 0, as in every kernel. In bf16x3, blocks of 32 rows or columns with Inf,
//            NaN, numbers from 2^127 on or between 0 and 2^-100 are multiplied in float32, slowly: the
//            results are as exact as with any others.
// Grouped convolutions are computed in float32, whatever is asked for.
#pragma once

namespace brasa {

enum class Precision : int { kFloat32, kBf16, kBf16x3 };

constexpr const char* kPrecisionNames[] = {"float32", "bf16", "bf16x3"};

}  // namespace brasa
