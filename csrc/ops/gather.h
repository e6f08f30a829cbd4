// Computes  y[i, :] = T(x[index[i], :])         one batch of a data set, converted to the plan's type
// Layout    x (any number of rows, columns) uint8, float32, float64 or int32; index (rows,) int64, or
//           null for rows 0, 1, 2 ...; y (rows, columns) float32, or int32 from int32.
// Writes    y is overwritten.
// Edges     float64 rounds to the nearest float32 (the front end rejects what would overflow).
// Assumes   Every index names a row of x.
#pragma once

#include "core/dtype.h"
#include "core/exec.h"

namespace brasa {

struct GatherShape {
  int64_t rows, columns;
  DType source;
};

using Gather = void (*)(const Exec&, const GatherShape&, const void* x, const int64_t* index,
                        void* y);

}  // namespace brasa
