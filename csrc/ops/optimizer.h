// One update of a flat span of parameters.
// Computes  sgd   v = momentum * v - lr * g;   p += v,  or with nesterov  p += momentum * v - lr * g
//           adam  m += (1 - beta_1) * (g - m);   v += (1 - beta_2) * (g^2 - v)
//                 p -= lr * sqrt(1 - beta_2^step) / (1 - beta_1^step) * m / (sqrt(v) + epsilon)
//           (both as in Keras; Kingma & Ba, arXiv:1412.6980, end of section 2)
// Layout    p, g, v, m: `count` float32. hyper: 2 float64, the learning rate and the step (from 1).
// Writes    p, v and m are updated in place. v may be null for sgd without momentum.
// Edges     A zero gradient with zero slots leaves p as it is. NaN in g reaches p.
// Assumes   p, g, v and m do not overlap.
#pragma once

#include "core/exec.h"

namespace brasa {

struct SgdShape {
  int64_t count;
  float momentum;
  bool nesterov;
};

struct AdamShape {
  int64_t count;
  double beta_1, beta_2, epsilon;
};

using SgdStep = void (*)(const Exec&, const SgdShape&, const double* hyper, const float* g,
                         float* p, float* v);
using AdamStep = void (*)(const Exec&, const AdamShape&, const double* hyper, const float* g,
                          float* p, float* m, float* v);

}  // namespace brasa
