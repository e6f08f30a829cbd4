// What a row of windows meets: where the channels of each pixel begin, those of the padding at zeros. No sum then asks
// where the image ends.
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/conv2d_narrow_channels.h"
#include "cpu/isa/gemm.h"

namespace brasa::cpu::BRASA_ISA {
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

// Rows that are read next, called for line by line in their order, some with each vector of a tile's channels: in the
// order of the tiles, the hardware sees none. Into the second-level cache: there may be more of them than the first
// one holds. (64 channels of 56 x 56, 32 images: forward 1.8 times as fast.)
struct NextRows {
  const float* line;
  int64_t lines;  // at a time

  BRASA_INLINE NextRows(const float* first, int64_t floats, int64_t times)
      : line(first), lines(ceil_div(floats, kLine * larger(1, times))) {}
  BRASA_INLINE void fetch() {
    for (int64_t i = 0; i < lines; ++i, line += kLine) __builtin_prefetch(line, 0, 2);
  }
};

// Those of x that `rows` rows of windows meet behind the table's, during `tiles` tiles.
BRASA_INLINE NextRows next_rows(const Conv2dShape& s, const PixelTable& t, int64_t n, int64_t p,
                                const float* x, int64_t rows, int64_t tiles) {
  const int64_t row = s.W * s.C;
  const int64_t end = smaller(s.H, p * s.window.stride_h - s.window.pad_top + t.height);
  return {x + (n * s.H + end) * row, rows * s.window.stride_h * row,
          tiles * ceil_div(s.C, Vec::width)};
}

// What the compiler knows of a window: its size, its width alone (R is 0), or nothing (and S, too); and how far apart
// two of them begin in a row.
template <int Rows, int Columns, int Stride>
struct KnownWindow {
  static constexpr int R = Rows, S = Columns, stride = Stride;
};

// 3 x 3 taps side by side, at the same steps both ways.
BRASA_INLINE bool is_square_of_three(const Window2d& win, int64_t stride) {
  return win.R == 3 && win.S == 3 && win.dilation_h == 1 && win.dilation_w == 1 &&
         win.stride_h == stride && win.stride_w == stride;
}

// f(KnownWindow), the common sizes as constants.
template <class F>
BRASA_INLINE void with_group_window(const Window2d& win, F f) {
  if (is_square_of_three(win, 1)) return f(KnownWindow<3, 3, 1>());
  if (is_square_of_three(win, 2)) return f(KnownWindow<3, 3, 2>());
  f(KnownWindow<0, 0, 0>());
}
template <class F>
BRASA_INLINE void with_depthwise_window(const Window2d& win, F f) {
  const auto is = [&](int64_t width, int64_t stride) {
    return win.S == width && win.stride_w == stride;
  };
  if (win.dilation_h == 1 && win.dilation_w == 1 && !is_square_of_three(win, win.stride_w)) {
    if (is(3, 1)) return f(KnownWindow<0, 3, 1>());
    if (is(5, 1)) return f(KnownWindow<0, 5, 1>());
    if (is(5, 2)) return f(KnownWindow<0, 5, 2>());
    if (is(7, 1)) return f(KnownWindow<0, 7, 1>());
  }
  with_group_window(win, f);
}

// f(KnownWindow, a reader of conv2d_narrow_channels.h)
template <class F>
BRASA_INLINE void with_window(const Conv2dShape& s, F f) {
  const int64_t width = group_width(s);
  if (width == 1) {
    with_depthwise_window(s.window, [&](auto known) { f(known, OwnChannel()); });
  } else if (width < Vec::width) {
    with_group_window(s.window, [&](auto known) { f(known, ChannelOfEach()); });
  } else {
    with_group_window(s.window, [&](auto known) { f(known, ChannelForAll()); });
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
