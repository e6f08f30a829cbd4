// Convolutions in groups of as many filters as channels, and few of them; most often one, which is called depthwise.
// Channels lie in the lanes: filter k sums over the channels j of its group, and lane k of x is replaced by its group's
// j-th. In conv2d_frame.h's product the columns of a group would not fill a vector.
#pragma once

#include "cpu/simd/vec.h"
#include "ops/conv2d.h"

namespace brasa::cpu::BRASA_ISA {

// Asked by the kernels of conv2d and by their workspace functions. By shape alone: the threads must not choose.
namespace {
BRASA_INLINE int64_t group_width(const Conv2dShape& s) { return s.C / s.groups; }
// A vector holds whole groups.
BRASA_INLINE bool has_narrow_groups(const Conv2dShape& s) {
  return s.groups > 1 && s.K == s.C && s.C > 0 && Vec::width % group_width(s) == 0;
}
// At other strides the pixels of dx are sums of few products each, one after the other. (In groups of 2, 8 and 16
// channels 0.44, 4.0 and 3.9 ms; by conv2d_backward_data.cpp 2.4, 3.8 and 2.4.)
BRASA_INLINE bool has_narrow_data(const Conv2dShape& s) {
  const bool is_dense = s.window.stride_h == 1 && s.window.stride_w == 1;
  return has_narrow_groups(s) && (is_dense || group_width(s) <= 4);
}
}  // namespace

// w is packed (conv2d_narrow_pack.h) where `s` says so.
void narrow_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                    const float* b, float* y);
int64_t narrow_forward_workspace(const Conv2dShape& s, int threads);
void narrow_pack(const Exec& exec, const Conv2dShape& s, const float* w, float* packed);
int64_t narrow_packed_floats(const Conv2dShape& s);
// With packed filters, the write of `s`, and scratch of its own: the data gradient, too, at unit stride.
void sum_windows(const Exec& exec, const Conv2dShape& s, const float* x, const float* packed,
                 const float* b, char* scratch, float* y);
int64_t sum_windows_workspace(const Conv2dShape& s, int threads);

void narrow_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                          float* dx);
int64_t narrow_backward_data_workspace(const Conv2dShape& s, int threads);
void narrow_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                            float* dw);
int64_t narrow_backward_weight_workspace(const Conv2dShape& s, int threads);

}  // namespace brasa::cpu::BRASA_ISA
