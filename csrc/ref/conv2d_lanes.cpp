#include "ops/conv2d_lanes.h"

#include <cmath>

#include "ref/image.h"
#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// Lane l of group g: planes of one channel each, pixels L floats apart.
template <class T>
struct Planes {
  T* data;
  int64_t channels, height, width, L;

  T& operator()(int64_t g, int64_t c, int64_t h, int64_t w, int64_t l) const {
    return data[(((g * channels + c) * height + h) * width + w) * L + l];
  }
};

void store(Write write, double sum, float& out) {
  out = static_cast<float>(write == Write::kAdd ? out + sum : sum);
}

// dy of the convolution, where it may be pooled.
struct Slope {
  const Conv2dLanesShape& shape;
  LanesSlope dy;

  double operator()(int64_t g, int64_t k, int64_t p, int64_t q, int64_t l) const {
    const int64_t side = shape.pool ? 2 : 1, P = shape.window.P / side, Q = shape.window.Q / side;
    if (p / side >= P || q / side >= Q) return 0;
    const int64_t at = (((g * shape.K + k) * P + p / side) * Q + q / side) * shape.L + l;
    return !shape.pool || dy.argmax[at] == p * shape.window.Q + q ? dy.dy[at] : 0;
  }
};

struct Forward {
  const Conv2dLanesShape& shape;
  Planes<const float> xs;
  Image<const float> ws;

  double operator()(int64_t g, int64_t k, int64_t p, int64_t q, int64_t l) const {
    const Window2d& win = shape.window;
    double sum = 0;
    for (int64_t r = 0; r < win.R; ++r) {
      for (int64_t s = 0; s < win.S; ++s) {
        const int64_t h = p + r - win.pad_top, w = q + s - win.pad_left;
        if (!inside(h, shape.H) || !inside(w, shape.W)) continue;
        for (int64_t c = 0; c < shape.C; ++c) sum += double{xs(g, c, h, w, l)} * ws(r, s, c, k);
      }
    }
    return sum;
  }
};

}  // namespace

void conv2d_lanes_forward(const Exec& exec, const Conv2dLanesShape& shape, const float* x,
                          const float* w, const float* b, float* y, int32_t* argmax) {
  if (exec.thread != 0) return;
  const Window2d& win = shape.window;
  const int64_t side = shape.pool ? 2 : 1, P = win.P / side, Q = win.Q / side, K = shape.K;
  const Forward conv{
      shape, {x, shape.C, shape.H, shape.W, shape.L}, Image<const float>{w, win.S, shape.C, K}};
  int64_t at = 0;
  for (int64_t row = 0; row < shape.G * K * P; ++row) {
    const int64_t g = row / P / K, k = row / P % K, p = row % P;
    for (int64_t i = 0; i < Q * shape.L; ++i, ++at) {
      const int64_t q = i / shape.L, l = i % shape.L;
      double best = conv(g, k, p * side, q * side, l);
      int64_t winner = p * side * win.Q + q * side;
      for (int64_t tap = 1; tap < side * side; ++tap) {
        const int64_t up = p * side + tap / side, across = q * side + tap % side;
        const double value = conv(g, k, up, across, l);
        if (best >= value || std::isnan(best)) continue;
        best = value;
        winner = up * win.Q + across;
      }
      y[at] = static_cast<float>(
          activate(shape.activation, best + (b == nullptr ? 0.0 : double{b[k]})));
      if (argmax != nullptr) argmax[at] = static_cast<int32_t>(winner);
    }
  }
}

void conv2d_lanes_backward_data(const Exec& exec, const Conv2dLanesShape& shape,
                                const LanesSlope& dy, const float* w, float* dx) {
  if (exec.thread != 0) return;
  const Window2d& win = shape.window;
  const Slope dys{shape, dy};
  const Image<const float> ws{w, win.S, shape.C, shape.K};
  int64_t at = 0;
  for (int64_t plane = 0; plane < shape.G * shape.C; ++plane) {
    const int64_t g = plane / shape.C, c = plane % shape.C;
    for (int64_t i = 0; i < shape.H * shape.W * shape.L; ++i, ++at) {
      const int64_t l = i % shape.L, col = i / shape.L % shape.W, h = i / shape.L / shape.W;
      double sum = 0;
      for (int64_t r = 0; r < win.R; ++r) {
        for (int64_t s = 0; s < win.S; ++s) {
          const int64_t p = h + win.pad_top - r, q = col + win.pad_left - s;
          if (!inside(p, win.P) || !inside(q, win.Q)) continue;
          for (int64_t k = 0; k < shape.K; ++k) sum += dys(g, k, p, q, l) * ws(r, s, c, k);
        }
      }
      store(shape.write, sum, dx[at]);
    }
  }
}

void conv2d_lanes_backward_weight(const Exec& exec, const Conv2dLanesShape& shape,
                                  const LanesSlope& dy, const float* x, float* dw) {
  if (exec.thread != 0) return;
  const Window2d& win = shape.window;
  const Slope dys{shape, dy};
  const Planes<const float> xs{x, shape.C, shape.H, shape.W, shape.L};
  const int64_t K = shape.K, C = shape.C;
  for (int64_t i = 0; i < win.R * win.S * C * K; ++i) {
    const int64_t k = i % K, c = i / K % C, s = i / K / C % win.S, r = i / K / C / win.S;
    double sum = 0;
    for (int64_t g = 0; g < shape.G; ++g) {
      for (int64_t p = 0; p < win.P; ++p) {
        for (int64_t q = 0; q < win.Q; ++q) {
          const int64_t h = p + r - win.pad_top, col = q + s - win.pad_left;
          if (!inside(h, shape.H) || !inside(col, shape.W)) continue;
          for (int64_t l = 0; l < shape.L; ++l) {
            sum += dys(g, k, p, q, l) * xs(g, c, h, col, l);
          }
        }
      }
    }
    store(shape.write, sum, dw[i]);
  }
}

void bias_gradient_lanes(const Exec& exec, const BiasGradientLanesShape& shape, const float* dy,
                         float* db) {
  if (exec.thread != 0) return;
  const int64_t plane = shape.pixels * shape.L;
  for (int64_t k = 0; k < shape.K; ++k) {
    double sum = 0;
    for (int64_t g = 0; g < shape.G; ++g) {
      for (int64_t i = 0; i < plane; ++i) sum += dy[(g * shape.K + k) * plane + i];
    }
    store(shape.write, sum, db[k]);
  }
}

int64_t conv2d_lanes_workspace(const Conv2dLanesShape&, int) { return 0; }

}  // namespace brasa::ref
