// Convolutions whose filters see one channel each, one filter to a channel: channels in the lanes. Every group of
// conv2d_frame.h's product would have one column (128 channels of 16 x 16, 16 images, 3 x 3 filters on two cores of
// Zen 5: forward 0.85 ms, data gradient 5.5, weight gradient 1.6; so 0.07, 0.07, 0.09).
#pragma once

#include "core/macros.h"
#include "ops/conv2d.h"

namespace brasa::cpu::BRASA_ISA {

// Asked by the kernels of conv2d and by their workspace functions. By shape alone: the threads must not choose.
namespace {
BRASA_INLINE bool is_depthwise(const Conv2dShape& s) {
  return s.groups > 1 && s.groups == s.C && s.K == s.C;
}
}  // namespace

void depthwise_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                       const float* b, float* y);
// The same with the write of `s`, and scratch of its own: the data gradient, too, at unit stride.
void sum_windows(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                 const float* b, char* scratch, float* y);
int64_t sum_windows_workspace(const Conv2dShape& s, int threads);

void depthwise_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy,
                             const float* w, float* dx);
int64_t depthwise_backward_data_workspace(const Conv2dShape& s, int threads);
void depthwise_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy,
                               const float* x, float* dw);
int64_t depthwise_backward_weight_workspace(const Conv2dShape& s, int threads);

}  // namespace brasa::cpu::BRASA_ISA
