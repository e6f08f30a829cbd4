// DLPack's structures as its ABI has them, and what it and NumPy call our element types.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace brasa::dlpack {

struct DLDevice {
  int32_t type, id;
};

struct DLDataType {
  uint8_t code, bits;
  uint16_t lanes;
};

struct DLTensor {
  void* data;
  DLDevice device;
  int32_t rank;
  DLDataType dtype;
  int64_t *shape, *strides;  // in elements; no strides: C order
  uint64_t byte_offset;
};

struct Managed {
  DLTensor tensor;
  void* context;
  void (*release)(Managed*);
};

struct ManagedVersioned {
  struct {
    uint32_t major, minor;
  } version;
  void* context;
  void (*release)(ManagedVersioned*);
  uint64_t flags;
  DLTensor tensor;
};

inline constexpr const char *kName = "dltensor", *kUsedName = "used_dltensor";
constexpr const char *kVersionedName = "dltensor_versioned",
                     *kUsedVersionedName = "used_dltensor_versioned";

struct Code {
  DType type;
  uint8_t code, bits;
  const char* letters;  // of NumPy
};
inline constexpr Code kCodes[] = {{DType::kFloat32, 2, 32, "<f4"},
                                  {DType::kFloat64, 2, 64, "<f8"},
                                  {DType::kInt32, 0, 32, "<i4"},
                                  {DType::kInt64, 0, 64, "<i8"},
                                  {DType::kUint8, 1, 8, "|u1"}};

inline const Code& code_of(DType type) {
  const Code* code = kCodes;
  while (code->type != type) ++code;
  return *code;
}

}  // namespace brasa::dlpack
