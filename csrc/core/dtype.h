// Element types that cross the border between Python and the kernels.
#pragma once

#include <cstdint>

namespace brasa {

enum class DType : int { kFloat32, kFloat64, kInt32, kInt64, kUint8 };

constexpr int64_t size_of(DType type) {
  switch (type) {
    case DType::kFloat64:
    case DType::kInt64: return 8;
    case DType::kUint8: return 1;
    default: return 4;
  }
}

constexpr const char* name_of(DType type) {
  switch (type) {
    case DType::kFloat32: return "float32";
    case DType::kFloat64: return "float64";
    case DType::kInt32: return "int32";
    case DType::kInt64: return "int64";
    case DType::kUint8: return "uint8";
  }
  return "unknown";
}

}  // namespace brasa
