// Convolutions whose filters see one channel each, one filter to a channel: channels in the lanes. Every group of
// conv2d_frame.h's product would have one column (128 channels of 16 x 16, 16 images, 3 x 3 filters on two cores of
// Zen 5: forward 0.85 ms, data gradient 5.5, weight gradient 1.6, so TODO).
//
// No sum asks where the image ends: a table says where the channels of each pixel begin that some rows of windows
// meet, and those of the padding begin at zeros.
#pragma once

#include "cpu/isa/conv2d_turned.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {

// Asked by the kernels of conv2d and by their workspace functions. By shape alone: the threads must not choose.
namespace {
BRASA_INLINE bool is_depthwise(const Conv2dShape& s) {
  return s.groups > 1 && s.groups == s.C && s.K == s.C;
}
}  // namespace

void depthwise_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                       const float* b, float* y);
int64_t depthwise_forward_workspace(const Conv2dShape& s, int threads);
void depthwise_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy,
                             const float* w, float* dx);
int64_t depthwise_backward_data_workspace(const Conv2dShape& s, int threads);
void depthwise_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy,
                               const float* x, float* dw);
int64_t depthwise_backward_weight_workspace(const Conv2dShape& s, int threads);

namespace {

// The pixels that `rows` rows of windows meet, `columns` windows each.
struct PixelTable {
  int64_t height, width;  // of the table
  int64_t down, along;    // from a window to the next one, in entries

  BRASA_INLINE PixelTable(const Window2d& win, int64_t rows, int64_t columns)
      : height((rows - 1) * win.stride_h + (win.R - 1) * win.dilation_h + 1),
        width((columns - 1) * win.stride_w + (win.S - 1) * win.dilation_w + 1),
        down(win.stride_h * width),
        along(win.stride_w) {}
  BRASA_INLINE int64_t entries() const { return height * width; }
};

// Those of image n from output row p on.
BRASA_INLINE void fill_table(const PixelTable& t, const Conv2dShape& s, int64_t n, int64_t p,
                             const float* x, const float* zeros, const float** entry) {
  const Window2d& win = s.window;
  const int64_t first_w = -win.pad_left;
  const int64_t begin = smaller(larger(0, win.pad_left), t.width);
  const int64_t end = larger(begin, smaller(s.W - first_w, t.width));
  for (int64_t i = 0; i < t.height; ++i, entry += t.width) {
    const int64_t h = p * win.stride_h - win.pad_top + i;
    const bool inside = h >= 0 && h < s.H;
    const float* pixel = inside ? x + ((n * s.H + h) * s.W + begin + first_w) * s.C : zeros;
    for (int64_t j = 0; j < begin; ++j) entry[j] = zeros;
    for (int64_t j = begin; j < end; ++j, pixel += inside ? s.C : 0) entry[j] = pixel;
    for (int64_t j = end; j < t.width; ++j) entry[j] = zeros;
  }
}

// f(KnownWindow) for the windows that are common, with the rest as KnownWindow<0, 0, 0>.
template <int Rows, int Columns, int Stride>
struct KnownWindow {
  static constexpr int R = Rows, S = Columns, stride = Stride;
};

template <class F>
BRASA_INLINE void with_window(const Window2d& win, F f) {
  if (win.dilation_h == 1 && win.dilation_w == 1 && win.stride_h == win.stride_w) {
    const auto is = [&](int64_t size, int64_t stride) {
      return win.R == size && win.S == size && win.stride_h == stride;
    };
    if (is(3, 1)) return f(KnownWindow<3, 3, 1>());
    if (is(3, 2)) return f(KnownWindow<3, 3, 2>());
    if (is(5, 1)) return f(KnownWindow<5, 5, 1>());
    if (is(5, 2)) return f(KnownWindow<5, 5, 2>());
  }
  f(KnownWindow<0, 0, 0>());
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
