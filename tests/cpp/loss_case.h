// The cases of the loss tests: their operands, one run, and how far its results may be off.
#pragma once

#include <vector>

#include "harness.h"

namespace brasa::test::loss {

enum class Targets { kLabels, kOneHot, kDense };

struct LossCase {
  LossShape shape;
  Targets targets;
  bool weighted;
  Values pred;
};

struct Operands {
  std::vector<int32_t> labels;
  Values dense, weight;
};

struct Inputs {
  Inputs(const LossCase& c, const Operands& o)
      : pred(c.pred), dense(o.dense), weight(o.weight), labels(o.labels) {}
  Input<float> pred, dense, weight;
  Input<int32_t> labels;
};

enum class Gradient { kNone, kNew, kInPlace };

Operands operands(const LossCase& c);

// The loss, followed by the gradient.
Values loss_and_gradient(const Run& run, const LossCase& c, const Inputs& in, Gradient gradient);

// Bounds for the loss and then each element of the gradient.
std::vector<double> bounds_of(const LossCase& c, const Operands& o);

}  // namespace brasa::test::loss
