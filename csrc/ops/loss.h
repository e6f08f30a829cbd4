// Each loss op computes the loss and its gradient in one pass over the data:
//   loss     = sum over rows of weight[i] * l[i] / rows            (Keras's "sum_over_batch_size")
//   dpred    = d loss / d pred
// with, per row i of `classes` values z = pred[i,:], t = target[i,:]:
//   softmax_cross_entropy   l = log(sum_j exp z_j) * sum_j t_j - sum_j t_j z_j      z are logits
//                           dz_j = softmax(z)_j * sum_j t_j - t_j
//   cross_entropy           l = -sum_j t_j log(clip(z_j / sum z, e, 1 - e)), e = 1e-7   z are probabilities
//   binary_cross_entropy    l = mean_j of  max(z,0) - z t + log(1 + exp(-|z|))          z are logits
//                           or of -t log(clip(z)) - (1-t) log(1 - clip(z))              z are probabilities
//   mean_squared_error      l = mean_j (z_j - t_j)^2
//   mean_absolute_error     l = mean_j |z_j - t_j|,   dz_j = sign(z_j - t_j) / classes
//   huber                   l = mean_j of  e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2),
//                           e = z_j - t_j;            dz_j = clamp(e, -delta, delta) / classes
// Layout    pred, dpred (rows, classes). target (rows, classes) float32, or, for the two categorical
//           losses, labels (rows,) int32 instead of it (t is then one-hot). weight (rows,) or null.
// Writes    loss (1 float32) and dpred are overwritten; dpred may be null, or the same buffer as pred.
// Edges     Labels are checked by the front end. Logits of +-1e38 give a finite or infinite loss, never
//           NaN. Where the clip acts, its gradient is 0. t_j == 0 contributes exactly 0 even for z_j = 0.
//           sign(0) = 0: a perfect prediction has no gradient. sign(NaN) = NaN = clamp(NaN). An error
//           of +-inf has the Huber loss inf and the slope +-delta.
// Assumes   delta is a normal, positive float32.
// Order     Rows are summed in double in chunks of kLossChunk, chunks in order.
// Scratch   loss_workspace(rows) bytes.
#pragma once

#include "core/exec.h"

namespace brasa {

constexpr int64_t kLossChunk = 64;

enum class LossKind : int {
  kSoftmaxCrossEntropy,
  kCrossEntropy,
  kBinaryCrossEntropyLogits,
  kBinaryCrossEntropy,
  kMeanSquaredError,
  kMeanAbsoluteError,
  kHuber
};

struct LossShape {
  int64_t rows, classes;
  LossKind kind;
  float delta = 1.f;  // huber only
};

struct LossTarget {
  const int32_t* labels;  // or
  const float* dense;     // exactly one of the two
  const float* weight;    // may be null
};

using Loss = void (*)(const Exec&, const LossShape&, const float* pred, const LossTarget&,
                      float* loss, float* dpred);

// One double for each chunk of rows.
constexpr int64_t loss_workspace(int64_t rows) {
  return (rows + kLossChunk - 1) / kLossChunk * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa
