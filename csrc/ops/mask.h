// Which steps of padded sequences count. A mask holds 1 where a step counts and 0 where it is padding.
// Computes  mask_of_ids   mask[i] = ids[i] != value ? 1 : 0
//           mask_of_rows  mask[i] = any over j of (x[i,j] != value) ? 1 : 0
//           mask_rows     y[i,:] = mask[i] != 0 ? x[i,:] : 0                          its own gradient
//           mask_weights  valid = the number of rows with mask[i] != 0
//                         weights[i] = mask[i] != 0 ? weight[i] * rows / valid : 0
//                         so that a mean over all rows becomes the mean over those that count, as in Keras
// Layout    ids (rows,) int32; x, y (rows, columns); mask, weight, weights (rows,); valid 1 float64.
// Writes    mask, y, weights and valid are overwritten.
// Edges     NaN differs from every value. What a mask leaves out is 0, also where x is not finite. Without
//           a row that counts all weights are 0. weight may be null: then it is 1 everywhere.
// Assumes   Buffers do not overlap, but y may be x.
#pragma once

#include "core/exec.h"

namespace brasa {

struct MaskShape {
  int64_t rows, columns;
  float value;
};

using MaskOfIds = void (*)(const Exec&, int64_t count, int32_t value, const int32_t* ids,
                           float* mask);
using MaskOfRows = void (*)(const Exec&, const MaskShape&, const float* x, float* mask);
using MaskRows = void (*)(const Exec&, const MaskShape&, const float* x, const float* mask,
                          float* y);
using MaskWeights = void (*)(const Exec&, int64_t rows, const float* mask, const float* weight,
                             float* weights, double* valid);

}  // namespace brasa
