// Computes  accuracy = share of what is judged that is right; counted = how many are judged
//             categorical: rows. Right where fewer than `top` classes come before the wanted one, which is
//               labels[i], or argmax_j target[i,j]. With top = 1: where argmax_j pred[i,j] is the wanted one.
//             binary: elements, with p = pred[i,j] > threshold and t = target[i,j] > 0.5
//               kAll        all of them, right where p == t
//               kPredicted  those with p, right where t: the precision
//               kWanted     those with t, right where p: the recall
//           with a mask, each row counts mask[i] times, at 0 not at all: a mask of steps, or weights
//           accumulate: totals[0] += value * count, totals[1] += count
// Layout    pred, target (rows, classes); labels (rows,) int32; mask (rows,) or null; value (1 float32),
//           counted (1 float64); totals (2 float64). accumulate takes its count from counted where that is
//           not null.
// Writes    value and counted are overwritten; totals are added into.
// Edges     Of equal classes the first comes before, and a NaN before all numbers: the first NaN of a row is
//           its argmax. A label that is no class is wrong. Where nothing is judged the value is 0.
// Order     Rows are counted in double in chunks of kMetricChunk, chunks in order: exact without weights.
// Scratch   metric_workspace(rows) bytes.
#pragma once

#include "core/exec.h"

namespace brasa {

constexpr int64_t kMetricChunk = 64;

enum class Judged : int { kAll, kPredicted, kWanted };

struct AccuracyShape {
  int64_t rows, classes;
  bool binary;
  float threshold;
  int64_t top = 1;
  Judged judged = Judged::kAll;
};

struct Verdict {
  double right, judged;
};

struct AccuracyTarget {
  const int32_t* labels;  // or
  const float* dense;     // exactly one of the two
  const float* mask;      // or weights, >= 0; may be null
};

using Accuracy = void (*)(const Exec&, const AccuracyShape&, const float* pred,
                          const AccuracyTarget&, float* value, double* counted);

using Accumulate = void (*)(const Exec&, double count, const double* counted, const float* value,
                            double* totals);

// One Verdict for each chunk of rows.
constexpr int64_t metric_workspace(int64_t rows) {
  return (rows + kMetricChunk - 1) / kMetricChunk * static_cast<int64_t>(sizeof(Verdict));
}

}  // namespace brasa
