// One update of a flat span of parameters.
// Computes  first   g += l1 * sign(p) + 2 * l2 * p;   p -= lr * weight_decay * p      (both from the old p)
//           sgd     v = momentum * v - lr * g;   p += v,  or with nesterov  p += momentum * v - lr * g
//           adam    m += (1 - beta_1) * (g - m);   v += (1 - beta_2) * (g^2 - v)
//                   p -= lr * sqrt(1 - beta_2^step) / (1 - beta_1^step) * m / (sqrt(v) + epsilon)
//                   amsgrad: v_hat = max(v_hat, v) stands in the place of v in the last line
//           rmsprop v += (1 - rho) * (g^2 - v);   centered: a += (1 - rho) * (g - a)
//                   d = lr * g / sqrt(v + epsilon), or centered  lr * g / sqrt(max(v - a^2, 0) + epsilon)
//                   p -= d,  or with momentum  m = momentum * m + d;   p -= m
//           adagrad v += g^2;   p -= lr * g / sqrt(v + epsilon)
//           adadelta v += (1 - rho) * (g^2 - v);   d = g * sqrt((u + epsilon) / (v + epsilon))
//                   u += (1 - rho) * (d^2 - u);   p -= lr * d
//           adamax  m as in adam;   u = max(beta_2 * u, |g|);   p -= lr / (1 - beta_1^step) * m / (u + epsilon)
//           nadam   m and v as in adam;   b(t) = beta_1 * (1 - 0.96^t / 2), B(t) = b(1) * b(2) * ... * b(t)
//                   p -= lr * (b(step + 1) / (1 - B(step + 1)) * m + (1 - b(step)) / (1 - B(step)) * g)
//                           / (sqrt(v / (1 - beta_2^step)) + epsilon)
//           lion    p -= lr * sign(m + (1 - beta_1) * (g - m));   m += (1 - beta_2) * (g - m)
//           ftrl    n += g^2;   z += g + 2 * shrinkage * p - (n^power - n_old^power) / lr * p
//                   p = (min(max(z, -lasso), lasso) - z) / ((n^power + beta) / lr + 2 * ridge)
//           lamb    m and v as in adam;   d = m / (1 - beta_1^step) / (sqrt(v / (1 - beta_2^step)) + epsilon)
//                   p -= lr * r * d,   r = |p| / |d|, the Euclidean norms over the span; 1 where one of them is 0 or NaN
//           (all as in Keras; Kingma & Ba, arXiv:1412.6980, end of section 2; Loshchilov & Hutter,
//           arXiv:1711.05101; Reddi et al., ICLR 2018, arXiv:1904.09237; Hinton's sixth lecture; Duchi et
//           al., JMLR 12; Zeiler, arXiv:1212.5701; section 7.1 of Kingma & Ba; Dozat, ICLR workshop 2016; Chen et al.,
//           arXiv:2302.06675; McMahan et al., KDD 2013; You et al., arXiv:1904.00962)
// Layout    p, g and the slots v, m, u, a, v_hat, n, z: `count` float32. hyper: 2 float64, the learning rate and
//           the step (from 1).
// Writes    p and the slots are updated in place; g is not written. v may be null for sgd without
//           momentum, v_hat without amsgrad, m and a of rmsprop without momentum and where it is not
//           centered.
// Edges     A zero gradient with zero slots leaves p as it is, but for decay and penalties. sign(0) = 0. NaN in
//           g reaches p, and that of one element of lamb no other; of a v_hat that is NaN the next v takes the
//           place. v - a^2 is never negative but for rounding, which counts as 0 (Keras: NaN).
//           ftrl at lr = 0: nothing is written; where the divisor is 0, p is only decayed (Keras: NaN for both). What
//           comes first changes the p of the lines above: ftrl's z and lamb's norms see it decayed.
// Order     lamb: squares are summed in chunks of kLambChunk, in float32, the chunks in double and in order. Squares that
//           float32 does not hold are infinite, those below its normal range count as 0.
// Scratch   lamb_workspace(count) bytes.
// Assumes   p, g and the slots do not overlap. ftrl: n >= 0, power >= 0.
#pragma once

#include "core/exec.h"

namespace brasa {

// What comes first, the same for all of them. Nothing of it where all are 0: then p keeps its bits.
struct Shrink {
  double weight_decay = 0, l1 = 0, l2 = 0;
  constexpr bool any() const { return weight_decay != 0 || l1 != 0 || l2 != 0; }
};

struct SgdShape {
  int64_t count;
  float momentum;
  bool nesterov;
  Shrink shrink = {};
};

struct AdamShape {
  int64_t count;
  double beta_1, beta_2, epsilon;
  Shrink shrink = {};
};

struct RmspropShape {
  int64_t count;
  double rho, momentum, epsilon;
  Shrink shrink = {};
};

struct AdagradShape {
  int64_t count;
  double epsilon;
  Shrink shrink = {};
};

struct AdadeltaShape {
  int64_t count;
  double rho, epsilon;
  Shrink shrink = {};
};

struct LionShape {
  int64_t count;
  double beta_1, beta_2;
  Shrink shrink = {};
};

struct FtrlShape {
  int64_t count;
  double power, lasso, ridge, shrinkage, beta;
  Shrink shrink = {};
};

constexpr int64_t kLambChunk = 4096;

// Two doubles for each chunk: the squares of p, and of d.
constexpr int64_t lamb_workspace(int64_t count) {
  return (count + kLambChunk - 1) / kLambChunk * 2 * static_cast<int64_t>(sizeof(double));
}

// B(step) of nadam is product * beta_1^left: b(t) is beta_1 from some t on, to the last bit. Once the product is
// below 2^-60, 1 - B is 1. So the loop has some hundred rounds at most.
struct NadamProduct {
  double product, left;
};

BRASA_INLINE constexpr NadamProduct nadam_product(double beta_1, double step) {
  NadamProduct result{1, step};
  double decay = 0.5;
  while (result.left > 0 && decay > 0x1p-54 && result.product > 0x1p-60) {
    decay *= 0.96;
    result.product *= beta_1 * (1 - decay);
    result.left -= 1;
  }
  return result;
}

// What m and g of nadam are multiplied by, but for the learning rate. `product` is B(step), `decay` 0.96^step.
struct NadamRates {
  double of_m, of_g;
};

BRASA_INLINE constexpr NadamRates nadam_rates(double beta_1, double product, double decay) {
  const double now = beta_1 * (1 - 0.5 * decay), next = beta_1 * (1 - 0.48 * decay);
  return {next / (1 - product * next), (1 - now) / (1 - product)};
}

struct AdamSlots {
  float *m, *v, *v_hat;  // v_hat: null without amsgrad, and for adamax, whose u is v, and nadam
};

struct RmspropSlots {
  float *v, *m, *a;  // m: null without momentum; a: null where it is not centered
};

using SgdStep = void (*)(const Exec&, const SgdShape&, const double* hyper, const float* g,
                         float* p, float* v);
using AdamStep = void (*)(const Exec&, const AdamShape&, const double* hyper, const float* g,
                          float* p, const AdamSlots&);
using RmspropStep = void (*)(const Exec&, const RmspropShape&, const double* hyper, const float* g,
                             float* p, const RmspropSlots&);
using AdadeltaStep = void (*)(const Exec&, const AdadeltaShape&, const double* hyper,
                              const float* g, float* p, float* v, float* u);
using LionStep = void (*)(const Exec&, const LionShape&, const double* hyper, const float* g,
                          float* p, float* m);
using FtrlStep = void (*)(const Exec&, const FtrlShape&, const double* hyper, const float* g,
                          float* p, float* n, float* z);
using LambStep = void (*)(const Exec&, const AdamShape&, const double* hyper, const float* g,
                          float* p, float* m, float* v);
using AdagradStep = void (*)(const Exec&, const AdagradShape&, const double* hyper, const float* g,
                             float* p, float* v);

}  // namespace brasa
