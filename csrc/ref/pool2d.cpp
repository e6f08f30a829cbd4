#include <algorithm>
#include <cmath>

#include "ref/image.h"
#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// The pixels of window (p, q) that lie inside the image: rows [top, bottom), columns [left, right).
struct Pixels {
  int64_t top, bottom, left, right;
  int64_t count() const { return (bottom - top) * (right - left); }
};

Pixels pixels_of(const Pool2dShape& shape, int64_t p, int64_t q) {
  const Window2d& win = shape.window;
  const int64_t top = p * win.stride_h - win.pad_top, left = q * win.stride_w - win.pad_left;
  return {std::max<int64_t>(top, 0), std::min(top + win.R, shape.H), std::max<int64_t>(left, 0),
          std::min(left + win.S, shape.W)};
}

// Calls visit(n, p, q, c) for every output, (p, q) in row order: the order of the sums in dx.
template <class Visit>
void for_each_output(const Pool2dShape& shape, const Visit& visit) {
  for (int64_t n = 0; n < shape.N; ++n) {
    for (int64_t p = 0; p < shape.window.P; ++p) {
      for (int64_t q = 0; q < shape.window.Q; ++q) {
        for (int64_t c = 0; c < shape.C; ++c) visit(n, p, q, c);
      }
    }
  }
}

// Strictly greater, so that ties stay with the first; the first NaN beats every number.
bool beats(float value, float best) {
  return value > best || (std::isnan(value) && !std::isnan(best));
}

}  // namespace

void max_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y,
                        int32_t* argmax) {
  if (exec.thread != 0) return;
  const auto [N, H, W, C, win] = shape;
  const Image<const float> xs{x, H, W, C};
  const Image<float> ys{y, win.P, win.Q, C};
  const Image<int32_t> winners{argmax, win.P, win.Q, C};
  for_each_output(shape, [&](int64_t n, int64_t p, int64_t q, int64_t c) {
    const Pixels in = pixels_of(shape, p, q);
    int64_t best_h = in.top, best_w = in.left;
    for (int64_t h = in.top; h < in.bottom; ++h) {
      for (int64_t w = in.left; w < in.right; ++w) {
        if (beats(xs(n, h, w, c), xs(n, best_h, best_w, c))) best_h = h, best_w = w;
      }
    }
    ys(n, p, q, c) = xs(n, best_h, best_w, c);
    if (argmax != nullptr) winners(n, p, q, c) = static_cast<int32_t>(best_h * shape.W + best_w);
  });
}

void max_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                         const int32_t* argmax, float* dx) {
  if (exec.thread != 0) return;
  const auto [N, H, W, C, win] = shape;
  const Image<const float> dys{dy, win.P, win.Q, C};
  const Image<const int32_t> winners{argmax, win.P, win.Q, C};
  const Image<float> dxs{dx, H, W, C};
  std::fill_n(dx, N * H * W * C, 0.f);
  for_each_output(shape, [&](int64_t n, int64_t p, int64_t q, int64_t c) {
    const int32_t winner = winners(n, p, q, c);
    dxs(n, winner / shape.W, winner % shape.W, c) += dys(n, p, q, c);
  });
}

void average_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y) {
  if (exec.thread != 0) return;
  const auto [N, H, W, C, win] = shape;
  const Image<const float> xs{x, H, W, C};
  const Image<float> ys{y, win.P, win.Q, C};
  for_each_output(shape, [&](int64_t n, int64_t p, int64_t q, int64_t c) {
    const Pixels in = pixels_of(shape, p, q);
    double sum = 0;
    for (int64_t h = in.top; h < in.bottom; ++h) {
      for (int64_t w = in.left; w < in.right; ++w) sum += xs(n, h, w, c);
    }
    ys(n, p, q, c) = static_cast<float>(sum / static_cast<double>(in.count()));
  });
}

void average_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                             float* dx) {
  if (exec.thread != 0) return;
  const auto [N, H, W, C, win] = shape;
  const Image<const float> dys{dy, win.P, win.Q, C};
  const Image<float> dxs{dx, H, W, C};
  std::fill_n(dx, N * H * W * C, 0.f);
  for_each_output(shape, [&](int64_t n, int64_t p, int64_t q, int64_t c) {
    const Pixels in = pixels_of(shape, p, q);
    const float part = dys(n, p, q, c) / static_cast<float>(in.count());
    for (int64_t h = in.top; h < in.bottom; ++h) {
      for (int64_t w = in.left; w < in.right; ++w) dxs(n, h, w, c) += part;
    }
  });
}

}  // namespace brasa::ref
