#include <cmath>
#include <limits>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// One group of one image: its channels lie side by side at every position.
struct Group {
  const GroupNormShape& shape;
  int64_t first;  // its first element
  double mean = 0, scale = 0;

  Group(const GroupNormShape& s, int64_t image, int64_t group, const float* x)
      : shape(s), first(image * s.image() + group * (s.channels / s.groups)) {
    const auto count = static_cast<double>(s.group());
    double sum = 0, squares = 0;
    each([&](int64_t i, int64_t) { sum += double{x[i]} - x[first]; });
    mean = x[first] + sum / count;
    each([&](int64_t i, int64_t) { squares += (x[i] - mean) * (x[i] - mean); });
    if (squares > double{std::numeric_limits<float>::max()}) squares = std::nan("");
    scale = 1 / std::sqrt(squares / count + shape.epsilon);
  }

  // f(element, its channel)
  template <class F>
  void each(F f) const {
    for (int64_t p = 0; p < shape.positions; ++p) {
      for (int64_t c = 0; c < shape.channels / shape.groups; ++c) {
        const int64_t i = first + p * shape.channels + c;
        f(i, i % shape.channels);
      }
    }
  }
};

// f(group) for all groups of all images, in order.
template <class F>
void each_group(const GroupNormShape& s, const float* x, F f) {
  for (int64_t n = 0; n < s.images; ++n) {
    for (int64_t g = 0; g < s.groups; ++g) f(Group(s, n, g, x));
  }
}

}  // namespace

void group_norm(const Exec& exec, const GroupNormShape& shape, const float* x, const float* gamma,
                const float* beta, float* y) {
  if (exec.thread != 0) return;
  each_group(shape, x, [&](const Group& group) {
    group.each([&](int64_t i, int64_t c) {
      const double h = (x[i] - group.mean) * group.scale;
      y[i] = static_cast<float>(h * (gamma ? gamma[c] : 1.0) + (beta ? beta[c] : 0.0));
    });
  });
}

void group_norm_backward(const Exec& exec, const GroupNormShape& shape, const float* dy,
                         const float* x, const float* gamma, GroupNormGradients out) {
  if (exec.thread != 0) return;
  double* dgamma = reinterpret_cast<double*>(exec.scratch);
  double* dbeta = dgamma + shape.channels;
  for (int64_t c = 0; c < 2 * shape.channels; ++c) dgamma[c] = 0;
  each_group(shape, x, [&](const Group& group) {
    const auto share = 1 / static_cast<double>(shape.group());
    const auto h = [&](int64_t i) { return (x[i] - group.mean) * group.scale; };
    const auto g = [&](int64_t i, int64_t c) { return double{dy[i]} * (gamma ? gamma[c] : 1.0); };
    double level = 0, slope = 0;
    group.each([&](int64_t i, int64_t c) {
      dgamma[c] += dy[i] * h(i);
      dbeta[c] += dy[i];
      level += g(i, c) * share;
      slope += g(i, c) * h(i) * share;
    });
    group.each([&](int64_t i, int64_t c) {
      out.dx[i] = static_cast<float>(group.scale * (g(i, c) - level - h(i) * slope));
    });
  });
  for (int64_t c = 0; c < shape.channels; ++c) {
    out.dgamma[c] = static_cast<float>(dgamma[c]);
    out.dbeta[c] = static_cast<float>(dbeta[c]);
  }
}

int64_t group_norm_workspace(const GroupNormShape&, int) { return 0; }

int64_t group_norm_backward_workspace(const GroupNormShape& shape, int) {
  return 2 * shape.channels * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa::ref
