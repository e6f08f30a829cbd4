#include "loss_case.h"

#include <algorithm>

namespace brasa::test::loss {
namespace {

// How far a float32 evaluation of one row may be from the formula, in units of u, before the weight
// and the mean over the rows. Each sum of C terms contributes C + 1, each exp or log 8 (4 units in the
// last place), each other operation 1, times the size of what it acts on.
struct RowBound {
  double loss = 0;
  std::vector<double> gradient;
};

RowBound softmax_bound(int64_t classes, const float* z, const std::vector<double>& t) {
  const double C = static_cast<double>(classes), max = *std::max_element(z, z + classes);
  double sum = 0, total = 0, products = 0;
  for (int64_t j = 0; j < classes; ++j) {
    sum += std::exp(z[j] - max);
    total += t[j];
    if (t[j] != 0) products += std::abs(t[j] * z[j]);
  }
  RowBound bound{(C + 12) * (total * (std::abs(max) + std::log(sum) + 1) + products), {}};
  for (int64_t j = 0; j < classes; ++j) {
    // The argument of exp is rounded: a relative error of its size, in this term and in the sum,
    // where terms that matter have arguments of at most log(C / u) < 30.
    const double p = std::exp(z[j] - max) / sum, argument = std::min(max - z[j], 90.0);
    bound.gradient.push_back((2 * C + 22 + argument + 30) * p * total + 3 * t[j]);
  }
  return bound;
}

RowBound cross_entropy_bound(int64_t classes, const float* z, const std::vector<double>& t) {
  const double C = static_cast<double>(classes);
  double sum = 0, total = 0;
  RowBound bound;
  for (int64_t j = 0; j < classes; ++j) sum += z[j];
  for (int64_t j = 0; j < classes; ++j) {
    const double p = std::clamp(z[j] / sum, 1e-7, 1 - 1e-7);
    bound.loss += t[j] * (C + 4 + (C + 10) * std::abs(std::log(p)));
    total += t[j];
  }
  for (int64_t j = 0; j < classes; ++j) {
    const double u = t[j] == 0 ? 0 : t[j] / std::max(z[j] / sum, 1e-7);
    bound.gradient.push_back((2 * C + 12) * (total + u) / sum);
  }
  return bound;
}

// One of the losses that are means over the classes: l_j and its gradient, each with a bound.
RowBound mean_bound(const LossShape& s, const float* pred, const std::vector<double>& target) {
  const LossKind kind = s.kind;
  const double C = static_cast<double>(s.classes);
  RowBound bound;
  for (int64_t j = 0; j < s.classes; ++j) {
    const double z = pred[j], t = target[j], p = std::clamp(z, 1e-7, 1 - 1e-7);
    double loss = 0, gradient = 0;
    if (kind == LossKind::kBinaryCrossEntropyLogits) {
      loss = (C + 12) * (std::abs(z) + std::abs(z * t) + 1);
      gradient = 12 / (1 + std::exp(-z)) + 3 * t;
    } else if (kind == LossKind::kBinaryCrossEntropy) {
      loss = (C + 12) * (t * std::abs(std::log(p)) + (1 - t) * std::abs(std::log(1 - p)) + 1);
      gradient = 8 * (t / p + (1 - t) / (1 - p));
    } else if (kind == LossKind::kMeanSquaredError) {
      loss = (C + 8) * (z - t) * (z - t);
      gradient = 12 * std::abs(z - t);
    } else if (kind == LossKind::kMeanAbsoluteError) {
      loss = (C + 6) * std::abs(z - t);
      gradient = 4;
    } else {
      const double slope = std::min(std::abs(z - t), double{s.delta});
      loss = (C + 8) * slope * std::abs(z - t);
      gradient = 6 * slope;
    }
    bound.loss += loss / C;
    bound.gradient.push_back(gradient / C);
  }
  return bound;
}

RowBound row_bound(const LossShape& s, const float* z, const std::vector<double>& t) {
  switch (s.kind) {
    case LossKind::kSoftmaxCrossEntropy: return softmax_bound(s.classes, z, t);
    case LossKind::kCrossEntropy: return cross_entropy_bound(s.classes, z, t);
    default: return mean_bound(s, z, t);
  }
}

}  // namespace

Operands operands(const LossCase& c) {
  const int64_t rows = c.shape.rows, classes = c.shape.classes;
  const Values u = random_values(rows, 1, 0.f, static_cast<float>(classes));
  const std::vector<int32_t> labels(u.begin(), u.end());
  Operands o;
  if (c.weighted) o.weight = random_values(rows, 2, 0.f, 2.f);
  if (c.targets == Targets::kLabels) {
    o.labels = labels;
    return o;
  }
  o.dense = random_values(rows * classes, 3, 0.f, 1.f);
  for (int64_t i = 0; i < rows * classes; ++i) {
    float& t = o.dense[static_cast<size_t>(i)];
    if (i % 4 == 1) t = 0;
    const int32_t label = labels[static_cast<size_t>(i / classes)];
    if (c.targets == Targets::kOneHot) t = i % classes == label ? 1.f : 0.f;
  }
  return o;
}

Values loss_and_gradient(const Run& run, const LossCase& c, const Inputs& in, Gradient gradient) {
  const bool in_place = gradient == Gradient::kInPlace;
  const Guarded<float> loss(1);
  const Guarded<float> dpred =
      in_place ? Guarded<float>(c.pred) : Guarded<float>(c.shape.rows * c.shape.classes);
  const bool by_label = c.targets == Targets::kLabels;
  const LossTarget target{in.labels.data_if(by_label), in.dense.data_if(!by_label),
                          in.weight.data_if(c.weighted)};
  const float* from = in_place ? dpred.data() : in.pred.data();
  float* to = gradient == Gradient::kNone ? nullptr : dpred.data();
  run(loss_workspace(c.shape.rows),
      [&](const Exec& exec) { run.table.loss(exec, c.shape, from, target, loss.data(), to); });
  return to == nullptr ? loss.values() : joined({loss.values(), dpred.values()});
}

std::vector<double> bounds_of(const LossCase& c, const Operands& o) {
  const int64_t rows = c.shape.rows, classes = c.shape.classes;
  std::vector<double> bounds(1, 0.0);
  for (int64_t i = 0; i < rows; ++i) {
    std::vector<double> t(static_cast<size_t>(classes), 0.0);
    for (int64_t j = 0; j < classes; ++j) {
      const size_t column = static_cast<size_t>(j), at = static_cast<size_t>(i * classes + j);
      t[column] = o.dense.empty() ? o.labels[static_cast<size_t>(i)] == j : o.dense[at];
    }
    const double weight = o.weight.empty() ? 1 : o.weight[static_cast<size_t>(i)];
    const double unit = kU * weight / static_cast<double>(rows);
    const RowBound row = row_bound(c.shape, c.pred.data() + i * classes, t);
    bounds[0] += unit * row.loss;
    for (const double gradient : row.gradient) bounds.push_back(unit * gradient + kTiny);
  }
  return bounds;
}

}  // namespace brasa::test::loss
