// The passes of a convolution as products of lines: no patch matrix is stored, but a packed block of it.
#include "cpu/tiles/kernels.h"
#include "cpu/tiles/product.h"
#include "cpu/tiles/taps.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The patches of x that the outputs read: a line for each output pixel, over the taps (r, s, c).
Patches patches_of_x(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return {win.P,           win.Q,          win.S,        s.C,
          -win.pad_top,    -win.pad_left,  win.stride_h, win.stride_w,
          win.dilation_h,  win.dilation_w, s.H,          s.W,
          s.H * s.W * s.C, s.W * s.C,      s.C};
}

int64_t pixels_of_y(const Conv2dShape& s) { return s.N * s.window.P * s.window.Q; }
int64_t taps_of(const Conv2dShape& s) { return s.window.R * s.window.S * s.C; }

// Along one axis: the pixels of dx whose index is `first` modulo the stride, and the taps that reach them,
// every `tap_step`-th from `tap` on. Pixel first + stride * i and the j-th of these taps meet output
// `origin` + i - j * `back`.
struct Phase {
  int64_t first, pixels, tap, taps, tap_step, origin, back;

  Phase(int64_t phase, int64_t extent, int64_t window, int64_t stride, int64_t dilation,
        int64_t pad)
      : first(phase),
        pixels(extent > phase ? (extent - phase + stride - 1) / stride : 0),
        tap(0),
        taps(0),
        tap_step(stride),
        origin(0),
        back(dilation) {
    // Taps repeat after stride / gcd(stride, dilation).
    int64_t a = stride, b = dilation;
    while (b != 0) {
      const int64_t rest = a % b;
      a = b, b = rest;
    }
    tap_step = stride / a, back = dilation / a;
    while (tap < window && (phase + pad - tap * dilation) % stride != 0) ++tap;
    if (tap >= window) return;
    taps = (window - 1 - tap) / tap_step + 1;
    origin = (phase + pad - tap * dilation) / stride;
  }
};

Product product_of_y(const Conv2dShape& s, const Patches& patches, const float* x, const float* w,
                     const float* b, float* y) {
  Product p = {};
  p.m = pixels_of_y(s), p.n = s.K, p.k = taps_of(s);
  p.a = {x, 0, true, &patches};
  p.b = {w, s.K, false};
  const int64_t P = s.window.P, Q = s.window.Q;
  p.c = {y, P, Q, P * Q * s.K, Q * s.K, s.K};
  p.bias = b;
  p.activation = s.activation;
  return p;
}

// The pixels of dx fall into stride_h * stride_w phases. Each is a convolution of dy at unit stride with
// those taps that reach it: f(Product) for each.
template <class F>
void each_phase(const Conv2dShape& s, const float* dy, const float* w, float* dx, F f) {
  const Window2d& win = s.window;
  for (int64_t i = 0; i < win.stride_h * win.stride_w; ++i) {
    const Phase h(i / win.stride_w, s.H, win.R, win.stride_h, win.dilation_h, win.pad_top);
    const Phase v(i % win.stride_w, s.W, win.S, win.stride_w, win.dilation_w, win.pad_left);
    const Patches of_dy = {h.pixels,
                           v.pixels,
                           v.taps,
                           s.K,
                           h.origin,
                           v.origin,
                           1,
                           1,
                           -h.back,
                           -v.back,
                           win.P,
                           win.Q,
                           win.P * win.Q * s.K,
                           win.Q * s.K,
                           s.K};
    // Line c of the weights holds w[r, s, c, :] for the taps of the phase.
    const Patches of_w = {1,        1,          v.taps,     s.K,   h.tap, v.tap, 0,
                          0,        h.tap_step, v.tap_step, win.R, win.S, s.K,   win.S * s.C * s.K,
                          s.C * s.K};
    Product p = {};
    p.m = s.N * h.pixels * v.pixels, p.n = s.C, p.k = h.taps * v.taps * s.K;
    p.a = {dy, 0, true, &of_dy};
    p.b = {w, 0, true, &of_w};
    p.c = {dx + (h.first * s.W + v.first) * s.C,
           h.pixels,
           v.pixels,
           s.H * s.W * s.C,
           win.stride_h * s.W * s.C,
           win.stride_w * s.C};
    p.add = s.write == Write::kAdd;
    f(p);
  }
}

Room room_of_data(const Conv2dShape& s) {
  return Room(s.N * s.H * s.W, s.C, s.window.R * s.window.S * s.K, s.precision);
}

}  // namespace

void conv2d_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                    const float* b, float* y) {
  const Patches patches = patches_of_x(s);
  const Product p = product_of_y(s, patches, x, w, b, y);
  int64_t turn = 0;
  if (worth_taps(p, s.precision)) {
    multiply_taps(exec, p, s.precision, &turn);
  } else {
    multiply(exec, p, s.precision, Room(p.m, p.n, p.k, s.precision), &turn);
  }
}

int64_t conv2d_forward_workspace(const Conv2dShape& s, int threads) {
  const Patches patches = patches_of_x(s);
  const Product p = product_of_y(s, patches, nullptr, nullptr, nullptr, nullptr);
  return worth_taps(p, s.precision) ? taps_workspace(p, s.precision, threads)
                                    : Room(p.m, p.n, p.k, s.precision).bytes(threads);
}

// The phases' two ways of multiplying have scratch of their own: no thread waits between phases.
void conv2d_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                          float* dx) {
  const Room room = room_of_data(s);
  Exec with_taps = exec;
  with_taps.scratch += room.bytes(exec.threads);
  int64_t turn = 0, taps_turn = 0;
  each_phase(s, dy, w, dx, [&](const Product& p) {
    if (worth_taps(p, s.precision)) {
      multiply_taps(with_taps, p, s.precision, &taps_turn);
    } else {
      multiply(exec, p, s.precision, room, &turn);
    }
  });
}

int64_t conv2d_backward_data_workspace(const Conv2dShape& s, int threads) {
  int64_t most = 0;
  each_phase(s, nullptr, nullptr, nullptr, [&](const Product& p) {
    const int64_t bytes = worth_taps(p, s.precision) ? taps_workspace(p, s.precision, threads) : 0;
    if (bytes > most) most = bytes;
  });
  return room_of_data(s).bytes(threads) + most;
}

// dw (taps x K) = patches^T (taps x pixels) @ dy (pixels x K).
void conv2d_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                            float* dw) {
  const Patches patches = patches_of_x(s);
  const Product of_y = product_of_y(s, patches, x, nullptr, nullptr, nullptr);
  if (worth_taps_transposed(of_y, s.precision)) {
    multiply_taps_transposed(exec, of_y, dy, s.write == Write::kAdd, dw, s.precision);
    return;
  }
  Product p = {};
  p.m = taps_of(s), p.n = s.K, p.k = pixels_of_y(s);
  p.a = {x, 0, false, &patches};
  p.b = {dy, s.K, false};
  p.c = {dw, 1, 1, s.K, 0, 0};
  p.add = s.write == Write::kAdd;
  int64_t turn = 0;
  multiply(exec, p, s.precision, Room(p.m, p.n, p.k, s.precision), &turn);
}

int64_t conv2d_backward_weight_workspace(const Conv2dShape& s, int threads) {
  const Patches patches = patches_of_x(s);
  const Product of_y = product_of_y(s, patches, nullptr, nullptr, nullptr, nullptr);
  return worth_taps_transposed(of_y, s.precision)
             ? taps_transposed_workspace(of_y, s.precision, threads)
             : Room(taps_of(s), s.K, pixels_of_y(s), s.precision).bytes(threads);
}

}  // namespace brasa::cpu::BRASA_ISA
