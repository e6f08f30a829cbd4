// Windows for the convolution and pooling cases.
#pragma once

#include "ops/window2d.h"

namespace brasa::test {

struct Pads {
  int64_t top, bottom, left, right;
};

// One axis: the outputs of a window of `size` taps over `length` pixels with `pads` around them.
inline int64_t outputs(int64_t length, int64_t pads, int64_t size, int64_t stride,
                       int64_t dilation) {
  return (length + pads - ((size - 1) * dilation + 1)) / stride + 1;
}

inline void set_outputs(Window2d& w, int64_t H, int64_t W) {
  w.P = outputs(H, w.pad_top + w.pad_bottom, w.R, w.stride_h, w.dilation_h);
  w.Q = outputs(W, w.pad_left + w.pad_right, w.S, w.stride_w, w.dilation_w);
}

}  // namespace brasa::test
