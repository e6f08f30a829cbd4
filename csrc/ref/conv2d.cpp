// Each pass walks over its result and gathers the terms of the formula, so no sum needs storage.
#include <algorithm>

#include "ref/image.h"
#include "ref/kernels.h"
#include "ref/operand.h"

namespace brasa::ref {
namespace {

// The output index p with p * stride + r * dilation - pad == h, or -1 where there is none.
int64_t output_that_reads(int64_t h, int64_t r, int64_t stride, int64_t dilation, int64_t pad) {
  const int64_t scaled = h + pad - r * dilation;
  return scaled >= 0 && scaled % stride == 0 ? scaled / stride : -1;
}

void store(Write write, double sum, float& out) {
  out = static_cast<float>(write == Write::kAdd ? out + sum : sum);
}

}  // namespace

void conv2d_forward(const Exec& exec, const Conv2dShape& shape, const float* x, const float* w,
                    const float* b, float* y) {
  if (exec.thread != 0) return;
  const auto [N, H, W, C, K, groups, win, write, activation, winograd, packed, precision] = shape;
  const int64_t group_c = C / groups, group_k = K / groups;
  const Image<const float> xs{x, H, W, C}, ws{w, win.S, group_c, K};
  const Image<float> ys{y, win.P, win.Q, K};

  for (int64_t n = 0; n < N; ++n) {
    for (int64_t p = 0; p < win.P; ++p) {
      for (int64_t q = 0; q < win.Q; ++q) {
        for (int64_t k = 0; k < K; ++k) {
          const int64_t first_c = k / group_k * group_c;
          double sum = b == nullptr ? 0 : b[k];
          for (int64_t r = 0; r < win.R; ++r) {
            for (int64_t s = 0; s < win.S; ++s) {
              const int64_t h = p * win.stride_h + r * win.dilation_h - win.pad_top;
              const int64_t col = q * win.stride_w + s * win.dilation_w - win.pad_left;
              if (!inside(h, H) || !inside(col, W)) continue;
              for (int64_t c = 0; c < group_c; ++c) {
                sum += operand(precision, xs(n, h, col, first_c + c)) *
                       operand(precision, ws(r, s, c, k));
              }
            }
          }
          ys(n, p, q, k) = static_cast<float>(activate(activation, sum));
        }
      }
    }
  }
}

// As it is.
void conv2d_pack(const Exec& exec, const Conv2dShape& shape, const float* w, float* packed) {
  if (exec.thread != 0) return;
  std::copy_n(w, conv2d_packed_floats(shape), packed);
}

int64_t conv2d_packed_floats(const Conv2dShape& shape) {
  return shape.window.R * shape.window.S * (shape.C / shape.groups) * shape.K;
}

void conv2d_backward_data(const Exec& exec, const Conv2dShape& shape, const float* dy,
                          const float* w, float* dx) {
  if (exec.thread != 0) return;
  const auto [N, H, W, C, K, groups, win, write, activation, winograd, packed, precision] = shape;
  const int64_t group_c = C / groups, group_k = K / groups;
  const Image<const float> dys{dy, win.P, win.Q, K}, ws{w, win.S, group_c, K};
  const Image<float> dxs{dx, H, W, C};

  for (int64_t n = 0; n < N; ++n) {
    for (int64_t h = 0; h < H; ++h) {
      for (int64_t col = 0; col < W; ++col) {
        for (int64_t c = 0; c < C; ++c) {
          const int64_t first_k = c / group_c * group_k;
          double sum = 0;
          for (int64_t r = 0; r < win.R; ++r) {
            for (int64_t s = 0; s < win.S; ++s) {
              const int64_t p = output_that_reads(h, r, win.stride_h, win.dilation_h, win.pad_top);
              const int64_t q =
                  output_that_reads(col, s, win.stride_w, win.dilation_w, win.pad_left);
              if (!inside(p, win.P) || !inside(q, win.Q)) continue;
              for (int64_t k = first_k; k < first_k + group_k; ++k) {
                sum += operand(precision, dys(n, p, q, k)) *
                       operand(precision, ws(r, s, c % group_c, k));
              }
            }
          }
          store(write, sum, dxs(n, h, col, c));
        }
      }
    }
  }
}

void conv2d_backward_weight(const Exec& exec, const Conv2dShape& shape, const float* dy,
                            const float* x, float* dw) {
  if (exec.thread != 0) return;
  const auto [N, H, W, C, K, groups, win, write, activation, winograd, packed, precision] = shape;
  const int64_t group_c = C / groups, group_k = K / groups;
  const Image<const float> dys{dy, win.P, win.Q, K}, xs{x, H, W, C};
  const Image<float> dws{dw, win.S, group_c, K};

  for (int64_t r = 0; r < win.R; ++r) {
    for (int64_t s = 0; s < win.S; ++s) {
      for (int64_t c = 0; c < group_c; ++c) {
        for (int64_t k = 0; k < K; ++k) {
          const int64_t first_c = k / group_k * group_c;
          double sum = 0;
          for (int64_t n = 0; n < N; ++n) {
            for (int64_t p = 0; p < win.P; ++p) {
              for (int64_t q = 0; q < win.Q; ++q) {
                const int64_t h = p * win.stride_h + r * win.dilation_h - win.pad_top;
                const int64_t col = q * win.stride_w + s * win.dilation_w - win.pad_left;
                if (!inside(h, H) || !inside(col, W)) continue;
                sum += operand(precision, xs(n, h, col, first_c + c)) *
                       operand(precision, dys(n, p, q, k));
              }
            }
          }
          store(write, sum, dws(r, s, c, k));
        }
      }
    }
  }
}

int64_t conv2d_workspace(const Conv2dShape&, int) { return 0; }

}  // namespace brasa::ref
