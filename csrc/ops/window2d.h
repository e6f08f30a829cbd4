// A window that slides over an image: shared by convolution and pooling.
//   extent of the window  E = (R - 1) * dilation + 1
//   output                P = floor((H + pad_top + pad_bottom - E) / stride) + 1
//   padding "valid": none; "same": P = ceil(H / stride), the odd pixel at the bottom and right
#pragma once

#include <cstdint>

namespace brasa {

struct Window2d {
  int64_t R, S;  // height and width
  int64_t stride_h, stride_w;
  int64_t dilation_h, dilation_w;
  int64_t pad_top, pad_bottom, pad_left, pad_right;
  int64_t P, Q;  // output height and width
};

}  // namespace brasa
