// The reference: each contract of csrc/ops as plain loops with double sums. One thread of the team
// works. It is the oracle of the tests and the last fallback, and is never tuned.
#pragma once

#include "ops/op_table.h"

namespace brasa::ref {

extern const OpTable table;

}  // namespace brasa::ref
