// The CPU's tables of kernels.
#pragma once

#include "ops/op_table.h"

namespace brasa::cpu {

// The tables that this machine can run, `*count` of them, the widest vectors first.
const OpTable* const* tables(int* count);

// Products in bf16 without matrix tiles, or null: the only ones where there is AVX512-BF16 and no AMX.
const ReducedProducts* dot_products();

}  // namespace brasa::cpu
