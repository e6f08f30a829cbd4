// One function for each kind: it returns the loss of one row and, where dz is not null, writes the
// gradient of that row times `scale`. dz may be z: each dz[j] needs z[j] and sums already taken.
#include <algorithm>
#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

constexpr double kEpsilon = 1e-7;

double clip(double p) { return p < kEpsilon ? kEpsilon : p > 1 - kEpsilon ? 1 - kEpsilon : p; }
bool clipped(double p) { return p < kEpsilon || p > 1 - kEpsilon; }
double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

// Row i of the target: dense values, or the one-hot row of a label.
struct Target {
  const float* dense;
  int64_t label;
  double operator[](int64_t j) const { return dense != nullptr ? dense[j] : j == label ? 1 : 0; }
};

double softmax_cross_entropy(int64_t classes, const float* z, Target t, double scale, float* dz) {
  double max = -INFINITY, sum = 0, loss = 0, total = 0;
  for (int64_t j = 0; j < classes; ++j) max = std::max<double>(max, z[j]);
  for (int64_t j = 0; j < classes; ++j) sum += std::exp(z[j] - max);
  const double log_sum = max + std::log(sum);
  for (int64_t j = 0; j < classes; ++j) {
    if (t[j] != 0) loss += t[j] * (log_sum - z[j]);
    total += t[j];
  }
  for (int64_t j = 0; dz != nullptr && j < classes; ++j) {
    dz[j] = static_cast<float>(scale * (std::exp(z[j] - max) / sum * total - t[j]));
  }
  return loss;
}

// With p_j = z_j / sum and u_j = t_j / p_j (0 where the clip acts):
//   d loss / d z_i = -sum_j u_j * d p_j / d z_i = (sum_j u_j * p_j - u_i) / sum
double cross_entropy(int64_t classes, const float* z, Target t, double scale, float* dz) {
  double sum = 0, loss = 0, up = 0;
  for (int64_t j = 0; j < classes; ++j) sum += z[j];
  const auto u = [&](int64_t j) {
    return t[j] == 0 || clipped(z[j] / sum) ? 0 : t[j] / (z[j] / sum);
  };
  for (int64_t j = 0; j < classes; ++j) {
    if (t[j] != 0) loss -= t[j] * std::log(clip(z[j] / sum));
    up += u(j) * (z[j] / sum);
  }
  for (int64_t j = 0; dz != nullptr && j < classes; ++j) {
    dz[j] = static_cast<float>(scale * (up - u(j)) / sum);
  }
  return loss;
}

double binary_cross_entropy_logits(int64_t classes, const float* z, Target t, double scale,
                                   float* dz) {
  double loss = 0;
  const double mean = 1 / static_cast<double>(classes);
  for (int64_t j = 0; j < classes; ++j) {
    const double zj = z[j];
    loss += mean * (std::max(zj, 0.0) - zj * t[j] + std::log1p(std::exp(-std::abs(zj))));
    if (dz != nullptr) dz[j] = static_cast<float>(scale * mean * (sigmoid(zj) - t[j]));
  }
  return loss;
}

double binary_cross_entropy(int64_t classes, const float* z, Target t, double scale, float* dz) {
  double loss = 0;
  const double mean = 1 / static_cast<double>(classes);
  for (int64_t j = 0; j < classes; ++j) {
    const double p = clip(z[j]), slope = clipped(z[j]) ? 0 : (1 - t[j]) / (1 - p) - t[j] / p;
    loss -= mean * (t[j] * std::log(p) + (1 - t[j]) * std::log(1 - p));
    if (dz != nullptr) dz[j] = static_cast<float>(scale * mean * slope);
  }
  return loss;
}

double mean_squared_error(int64_t classes, const float* z, Target t, double scale, float* dz) {
  double loss = 0;
  const double mean = 1 / static_cast<double>(classes);
  for (int64_t j = 0; j < classes; ++j) {
    const double error = z[j] - t[j];
    loss += mean * error * error;
    if (dz != nullptr) dz[j] = static_cast<float>(scale * mean * 2 * error);
  }
  return loss;
}

double mean_absolute_error(int64_t classes, const float* z, Target t, double scale, float* dz) {
  double loss = 0;
  const double mean = 1 / static_cast<double>(classes);
  for (int64_t j = 0; j < classes; ++j) {
    const double error = z[j] - t[j], slope = error > 0 ? 1 : error < 0 ? -1 : error;
    loss += mean * std::abs(error);
    if (dz != nullptr) dz[j] = static_cast<float>(scale * mean * slope);
  }
  return loss;
}

double huber(int64_t classes, const float* z, Target t, double delta, double scale, float* dz) {
  double loss = 0;
  const double mean = 1 / static_cast<double>(classes);
  for (int64_t j = 0; j < classes; ++j) {
    const double error = z[j] - t[j], size = std::abs(error);
    loss += mean * (size > delta ? delta * (size - delta / 2) : error * error / 2);
    const double slope = size > delta ? std::copysign(delta, error) : error;
    if (dz != nullptr) dz[j] = static_cast<float>(scale * mean * slope);
  }
  return loss;
}

double row_loss(const LossShape& s, const float* z, Target t, double scale, float* dz) {
  switch (s.kind) {
    case LossKind::kSoftmaxCrossEntropy: return softmax_cross_entropy(s.classes, z, t, scale, dz);
    case LossKind::kCrossEntropy: return cross_entropy(s.classes, z, t, scale, dz);
    case LossKind::kBinaryCrossEntropyLogits:
      return binary_cross_entropy_logits(s.classes, z, t, scale, dz);
    case LossKind::kBinaryCrossEntropy: return binary_cross_entropy(s.classes, z, t, scale, dz);
    case LossKind::kMeanSquaredError: return mean_squared_error(s.classes, z, t, scale, dz);
    case LossKind::kMeanAbsoluteError: return mean_absolute_error(s.classes, z, t, scale, dz);
    case LossKind::kHuber: return huber(s.classes, z, t, double{s.delta}, scale, dz);
  }
  return 0;
}

}  // namespace

void loss(const Exec& exec, const LossShape& shape, const float* pred, const LossTarget& target,
          float* loss, float* dpred) {
  if (exec.thread != 0) return;
  const int64_t rows = shape.rows, classes = shape.classes;
  double total = 0;
  for (int64_t first = 0; first < rows; first += kLossChunk) {
    double chunk = 0;
    for (int64_t i = first; i < std::min(first + kLossChunk, rows); ++i) {
      const int64_t at = i * classes;
      const Target t{target.dense == nullptr ? nullptr : target.dense + at,
                     target.labels == nullptr ? -1 : target.labels[i]};
      const double weight = target.weight == nullptr ? 1 : target.weight[i];
      float* gradient = dpred == nullptr ? nullptr : dpred + at;
      const double share = weight / static_cast<double>(rows);
      chunk += weight * row_loss(shape, pred + at, t, share, gradient);
    }
    total += chunk;
  }
  // An empty batch has loss 0, so that adding it to running totals changes nothing.
  *loss = rows == 0 ? 0.f : static_cast<float>(total / static_cast<double>(rows));
}

}  // namespace brasa::ref
