// The loss of one row for each kind (ops/loss.h), by W threads. Where dz is not null it gets the gradient
// times `scale`. dz may be z: each element is read before its own thread writes it, and sums of the row
// are taken before.
#pragma once

#include "cuda/rows.cuh"
#include "ops/loss.h"

namespace brasa::cuda {

// A row of the target: dense values, or the one-hot row of a label.
struct RowTarget {
  const float* dense;
  int64_t label;
  __device__ float operator[](int64_t j) const {
    return dense != nullptr ? dense[j] : j == label ? 1.f : 0.f;
  }
};

struct Row {
  int64_t classes;
  int lane;
  const float* z;
  RowTarget t;
  float scale;
  float delta;
  Out<float> dz;
};

template <int W>
__device__ float softmax_cross_entropy(const Row& row) {
  const OnlineSum total = online_sum<W>(row.z, row.lane, row.classes);
  float targets = 0.f, products = 0.f;
  for (int64_t j = row.lane; j < row.classes; j += W) {
    const float t = row.t[j];
    // 0 * -inf must be 0: a class far below the highest that nobody asks for.
    if (t != 0.f) products = fmaf(t, row.z[j] - total.highest, products);
    targets += t;
  }
  targets = row_sum<W>(targets);
  products = row_sum<W>(products);
  if (row.dz) {
    const float share = targets / total.sum;
    for (int64_t j = row.lane; j < row.classes; j += W) {
      const float t = row.t[j];
      row.dz[j] = row.scale * fmaf(expf(row.z[j] - total.highest), share, -t);
    }
  }
  return fmaf(logf(total.sum), targets, -products);
}

// 1 - 1e-7 lies between two floats; from kHighest on downwards none is clipped.
constexpr float kLowest = 1e-7f, kHighest = 0x1.fffffcp-1f;

// NaN stays NaN.
__device__ __forceinline__ float clip(float p) {
  return p < kLowest ? kLowest : p > kHighest ? kHighest : p;
}
__device__ __forceinline__ bool clipped(float p) { return p < kLowest || p > kHighest; }

// With p_j = z_j / sum and u_j = t_j / p_j (0 where the clip acts):
//   d loss / d z_i = -sum_j u_j * d p_j / d z_i = (sum_j u_j * p_j - u_i) / sum
template <int W>
__device__ float cross_entropy(const Row& row) {
  float sum = 0.f, logs = 0.f, active = 0.f;
  for (int64_t j = row.lane; j < row.classes; j += W) sum += row.z[j];
  sum = row_sum<W>(sum);
  for (int64_t j = row.lane; j < row.classes; j += W) {
    const float p = row.z[j] / sum, t = row.t[j];
    if (t != 0.f) logs = fmaf(t, logf(clip(p)), logs);
    if (!clipped(p)) active += t;
  }
  logs = row_sum<W>(logs);
  if (row.dz) {
    active = row_sum<W>(active);
    const float share = row.scale / sum;
    for (int64_t j = row.lane; j < row.classes; j += W) {
      const float p = row.z[j] / sum, t = row.t[j];
      row.dz[j] = share * (active - (clipped(p) || t == 0.f ? 0.f : t / p));
    }
  }
  return -logs;
}

struct ElementLoss {
  float loss, slope;
};

__device__ __forceinline__ ElementLoss binary_cross_entropy_logits(float z, float t) {
  const float e = expf(-fabsf(z));
  return {fmaf(-z, t, z > 0.f ? z : 0.f) + log1pf(e), (z >= 0.f ? 1.f : e) / (1.f + e) - t};
}

__device__ __forceinline__ ElementLoss binary_cross_entropy(float z, float t) {
  // 1 - z is clipped by itself: 1 - clip(z) cannot be 1e-7, only 1.2e-7.
  const float p = clip(z), rest = clip(1.f - z);
  return {-fmaf(t, logf(p), (1.f - t) * logf(rest)), clipped(z) ? 0.f : (p - t) / (p * rest)};
}

__device__ __forceinline__ ElementLoss squared_error(float z, float t) {
  const float error = z - t;
  return {error * error, error + error};
}

// The slope is the error itself where it is neither above nor below 0: 0, or NaN.
__device__ __forceinline__ ElementLoss absolute_error(float z, float t) {
  const float error = z - t;
  return {fabsf(error), z > t ? 1.f : z < t ? -1.f : error};
}

// With c = clamp(e), both branches are c (e - c / 2): e^2 / 2 where c = e, delta (|e| - delta / 2) where
// c = +-delta. NaN stays NaN.
__device__ __forceinline__ ElementLoss huber(float z, float t, float delta) {
  const float error = z - t;
  const float clamped = error > delta ? delta : error < -delta ? -delta : error;
  return {clamped * fmaf(-0.5f, clamped, error), clamped};
}

// The losses that are means over the classes.
template <int W, LossKind kind>
__device__ float mean_over_classes(const Row& row) {
  const float count = static_cast<float>(row.classes), share = row.scale / count;
  float sum = 0.f;
  for (int64_t j = row.lane; j < row.classes; j += W) {
    const float z = row.z[j], t = row.t[j];
    ElementLoss e;
    if constexpr (kind == LossKind::kBinaryCrossEntropyLogits) {
      e = binary_cross_entropy_logits(z, t);
    } else if constexpr (kind == LossKind::kBinaryCrossEntropy) {
      e = binary_cross_entropy(z, t);
    } else if constexpr (kind == LossKind::kMeanSquaredError) {
      e = squared_error(z, t);
    } else if constexpr (kind == LossKind::kMeanAbsoluteError) {
      e = absolute_error(z, t);
    } else {
      e = huber(z, t, row.delta);
    }
    sum += e.loss;
    if (row.dz) row.dz[j] = share * e.slope;
  }
  return row_sum<W>(sum) / count;
}

template <int W, LossKind kind>
__device__ float row_loss(const Row& row) {
  if constexpr (kind == LossKind::kSoftmaxCrossEntropy) {
    return softmax_cross_entropy<W>(row);
  } else if constexpr (kind == LossKind::kCrossEntropy) {
    return cross_entropy<W>(row);
  } else {
    return mean_over_classes<W, kind>(row);
  }
}

}  // namespace brasa::cuda
