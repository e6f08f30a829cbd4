// Products in which each number of the larger operand is used once, or a few times: one row of a (a network
// that answers for one sample), some rows where b is large, and sums of one term (its weight gradients). Their
// time is that of reading or writing memory, so nothing is packed and each kernel walks along contiguous floats.
#pragma once

#include "core/exec.h"
#include "ops/matmul.h"

namespace brasa::cpu::BRASA_ISA {

bool is_thin(const MatmulShape& s, const float* bias);

// One matrix of the batch, by the whole team; its scratch has room for thin_workspace() bytes.
void multiply_thin(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
                   const float* bias, float* c);
int64_t thin_workspace(const MatmulShape& s);

}  // namespace brasa::cpu::BRASA_ISA
