// dx as windows of dy with the filters turned round, at unit stride; else each pixel of dx gathers its few products.
#include "cpu/isa/conv2d_depthwise.h"
#include "cpu/isa/conv2d_turned.h"
#include "cpu/isa/strips.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

bool has_unit_stride(const Conv2dShape& s) {
  return s.window.stride_h == 1 && s.window.stride_w == 1;
}

// The taps of one direction that meet a row or column of x: windows and their rows or columns.
struct Meetings {
  int64_t stride, dilation, extent, windows;

  // f(window, tap) for those that meet pixel i of the padded image.
  template <class F>
  BRASA_INLINE void each(int64_t i, F f) const {
    for (int64_t tap = 0; tap < extent; ++tap) {
      const int64_t at = i - tap * dilation, window = at / stride;
      if (at >= 0 && at == window * stride && window < windows) f(window, tap);
    }
  }
};

// A product of one pixel of dy with one tap.
struct Product {
  const float *dy, *w;
};

// dx[channels] (+)= the sum of the products.
void add_products(const Conv2dShape& s, const Product* product, int64_t count, float* dx) {
  each_strip(0, s.C, [&](auto strip) BRASA_INLINE_LAMBDA {
    constexpr int kVectors = decltype(strip)::vectors;
    Vec sum[kVectors];
    if (s.write == Write::kAdd) {
      strip.load(dx, sum);
    } else {
      unrolled<kVectors>([&](int v) BRASA_INLINE_LAMBDA { sum[v] = Vec::zero(); });
    }
    for (int64_t i = 0; i < count; ++i) {
      Vec dy[kVectors], w[kVectors];
      strip.load(product[i].dy, dy);
      strip.load(product[i].w, w);
      unrolled<kVectors>([&](int v) BRASA_INLINE_LAMBDA { sum[v] = fma(dy[v], w[v], sum[v]); });
    }
    strip.store(dx, sum);
  });
}

void gather_strided(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                    float* dx) {
  const Window2d& win = s.window;
  Product* products = reinterpret_cast<Product*>(exec.scratch) + exec.thread * win.R * win.S;
  const Meetings down = {win.stride_h, win.dilation_h, win.R, win.P};
  const Meetings along = {win.stride_w, win.dilation_w, win.S, win.Q};
  for (const Range mine : row_portions(exec, s.N * s.H, s.W * round_up(s.C, Vec::width))) {
    for (int64_t row = mine.begin; row < mine.end; ++row) {
      const int64_t n = row / s.H, h = row % s.H;
      for (int64_t i = 0; i < s.W; ++i) {
        int64_t count = 0;
        down.each(h + win.pad_top, [&](int64_t p, int64_t r) {
          along.each(i + win.pad_left, [&](int64_t q, int64_t c) {
            products[count++] = {dy + ((n * win.P + p) * win.Q + q) * s.C,
                                 w + (r * win.S + c) * s.C};
          });
        });
        add_products(s, products, count, dx + (row * s.W + i) * s.C);
      }
    }
  }
}

int64_t filter_bytes(const Conv2dShape& s) {
  return round_up(s.window.R * s.window.S * s.C * 4, 64);
}

}  // namespace

void depthwise_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy,
                             const float* w, float* dx) {
  if (!has_unit_stride(s)) return gather_strided(exec, s, dy, w, dx);
  float* filters = reinterpret_cast<float*>(exec.scratch);
  const int64_t taps = s.window.R * s.window.S;
  const Range mine = exec.share(taps);
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    copy_floats(s.C, w + (taps - 1 - i) * s.C, filters + i * s.C);
  }
  exec.barrier();
  sum_windows(exec, turned(s), dy, filters, nullptr, exec.scratch + filter_bytes(s), dx);
}

int64_t depthwise_backward_data_workspace(const Conv2dShape& s, int threads) {
  if (!has_unit_stride(s)) {
    return threads * s.window.R * s.window.S * static_cast<int64_t>(sizeof(Product));
  }
  return filter_bytes(s) + sum_windows_workspace(turned(s), threads);
}

}  // namespace brasa::cpu::BRASA_ISA
