// Computes  add        y[i] = activation(x0[i] + x1[i] + ...)  (in this order)
//           multiply   y[i] = a[i] * b[i]
//           scale      y[i] = factor * x[i] + offset
//           copy_rows  dst[row, 0:columns] = src[row, 0:columns]     (concatenate, slice, flip)
// Layout    `count` float32 each; copy_rows: rows with their own strides, in floats; a stride may be negative.
// Writes    y and the named part of dst are overwritten; y may be any of the inputs.
#pragma once

#include "core/exec.h"
#include "ops/activation.h"

namespace brasa {

constexpr int kMaxAddends = 16;

struct Addends {
  int count;
  const float* x[kMaxAddends];
};

struct CopyRowsShape {
  int64_t rows, columns, src_stride, dst_stride;
};

using Add = void (*)(const Exec&, int64_t count, const Addends&, Activation, float* y);
using Multiply = void (*)(const Exec&, int64_t count, const float* a, const float* b, float* y);
using Scale = void (*)(const Exec&, int64_t count, float factor, float offset, const float* x,
                       float* y);
using CopyRows = void (*)(const Exec&, const CopyRowsShape&, const float* src, float* dst);

}  // namespace brasa
