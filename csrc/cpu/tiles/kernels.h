// What table.cpp offers. The contracts are in ops/.
#pragma once

#include "ops/op_table.h"

namespace brasa::cpu::BRASA_ISA {

void matmul(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
            const float* bias, float* c);
int64_t matmul_workspace(const MatmulShape& s, int threads);

void conv2d_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                    const float* b, float* y);
int64_t conv2d_forward_workspace(const Conv2dShape& s, int threads);
void conv2d_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                          float* dx);
int64_t conv2d_backward_data_workspace(const Conv2dShape& s, int threads);
void conv2d_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                            float* dw);
int64_t conv2d_backward_weight_workspace(const Conv2dShape& s, int threads);

}  // namespace brasa::cpu::BRASA_ISA
