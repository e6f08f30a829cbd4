// The CPU's tables of kernels.
#pragma once

#include "ops/op_table.h"

namespace brasa::cpu {

// The tables that this machine can run, `*count` of them, the widest vectors first.
const OpTable* const* tables(int* count);

}  // namespace brasa::cpu
