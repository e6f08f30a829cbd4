// Computes  accuracy = share of rows whose prediction is right
//             labels given            argmax_j pred[i,j] == labels[i]
//             dense target, > 1 wide  argmax_j pred[i,j] == argmax_j target[i,j]
//             binary                  mean over j of (pred[i,j] > threshold) == (target[i,j] > 0.5)
//           with a mask, over the rows alone whose mask is not 0
//           accumulate: totals[0] += value * count, totals[1] += count
// Layout    pred, target (rows, classes); labels (rows,) int32; mask (rows,) or null; value (1 float32);
//           totals (2 float64). counted (1 float64) is the count where it is not null.
// Writes    value is overwritten; totals are added into.
// Edges     Ties go to the first class. A row with NaN: the first NaN is its argmax.
//           Where the mask leaves no row the value is 0.
// Scratch   metric_workspace(rows) bytes.
#pragma once

#include "core/exec.h"

namespace brasa {

constexpr int64_t kMetricChunk = 64;

struct AccuracyShape {
  int64_t rows, classes;
  bool binary;
  float threshold;
};

struct AccuracyTarget {
  const int32_t* labels;  // or
  const float* dense;     // exactly one of the two
  const float* mask;      // may be null
};

using Accuracy = void (*)(const Exec&, const AccuracyShape&, const float* pred,
                          const AccuracyTarget&, float* value);

using Accumulate = void (*)(const Exec&, double count, const double* counted, const float* value,
                            double* totals);

// One int64 for each chunk of rows.
constexpr int64_t metric_workspace(int64_t rows) {
  return (rows + kMetricChunk - 1) / kMetricChunk * static_cast<int64_t>(sizeof(int64_t));
}

}  // namespace brasa
