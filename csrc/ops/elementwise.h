// Computes  add        y[i] = activation(x0[i] + x1[i] + ...)  (in this order)
//           add_bias   y[row, j] = activation(x[row, j] + b[j])
//           multiply   y[i] = a[i] * b[i]
//           scale      y[i] = factor * x[i] + offset
//           copy_rows  dst[group, row, 0:columns] = src[group, row, 0:columns]   (concatenate, slice, flip)
//           place_rows dst[row, first:first + columns] = src[row], the rest of dst[row] = 0  (slice_backward)
// Layout    `count` float32 each; add_bias: x and y (rows, columns), b (columns,); copy_rows: rows and groups with
//           their own strides, in floats; those of rows may be negative. place_rows: src (rows, columns), dst
//           (rows, width).
// Writes    y, the named part of dst of copy_rows and all of dst of place_rows are overwritten; y may be any of
//           the inputs of its own shape.
#pragma once

#include "core/exec.h"
#include "ops/activation.h"

namespace brasa {

constexpr int kMaxAddends = 16;  // of one call; sums of more are several calls

struct Addends {
  int count;
  const float* x[kMaxAddends];
};

struct AddBiasShape {
  int64_t rows, columns;
  Activation activation;
};

struct CopyRowsShape {
  int64_t rows, columns, src_stride, dst_stride;
  int64_t groups = 1, src_group = 0, dst_group = 0;
};

struct PlaceRowsShape {
  int64_t rows, columns, width, first;
};

using Add = void (*)(const Exec&, int64_t count, const Addends&, Activation, float* y);
using AddBias = void (*)(const Exec&, const AddBiasShape&, const float* x, const float* b,
                         float* y);
using Multiply = void (*)(const Exec&, int64_t count, const float* a, const float* b, float* y);
using Scale = void (*)(const Exec&, int64_t count, float factor, float offset, const float* x,
                       float* y);
using CopyRows = void (*)(const Exec&, const CopyRowsShape&, const float* src, float* dst);
using PlaceRows = void (*)(const Exec&, const PlaceRowsShape&, const float* src, float* dst);

}  // namespace brasa
