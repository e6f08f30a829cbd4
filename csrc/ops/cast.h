// Whole numbers as floats, and floats as whole numbers.
// Computes  cast_float  y[i] = the float next to x[i]
//           cast_int    y[i] = x[i] without its fraction: 2.7 is 2, -2.7 is -2
// Layout    `count` elements each; cast_float from int32 to float32, cast_int from float32 to int32.
// Writes    y is overwritten; it may be the same buffer as x.
// Edges     Whole numbers past 2^24 are rounded to the nearest even float. What int32 does not hold becomes its
//           least or its largest number, NaN becomes 0.
#pragma once

#include "core/exec.h"

namespace brasa {

using CastFloat = void (*)(const Exec&, int64_t count, const int32_t* x, float* y);
using CastInt = void (*)(const Exec&, int64_t count, const float* x, int32_t* y);

}  // namespace brasa
