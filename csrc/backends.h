// Which kernels run. The only file that knows all tables is backends.cpp.
#pragma once

#include <string>
#include <vector>

#include "ops/op_table.h"

namespace brasa {

// The tables that this machine can run, the preferred one first and the reference last.
const std::vector<const OpTable*>& available_tables();

// The kernels of a device by its name, null for "cpu". Throws a RuntimeError where "cuda" cannot be used,
// a ValueError for a name that no build knows.
const OpTable* table_of_device(const std::string& name);

// What this thread works on: plans are made for it and ops run there. "cpu" leaves it to the rule below.
void enter_device(const std::string& name);
std::string current_device();

// The table of this thread's device, else the forced one, else the one that BRASA_IMPL names, else the preferred one. Throws a RuntimeError
// that lists the available ones when BRASA_IMPL names none of them.
const OpTable& active_table();

// Forces a table by name; an empty name returns to the rule above. Throws a ValueError otherwise.
void force_table(const std::string& name);

// Why CUDA cannot be used, in one sentence.
std::string cuda_reason();

}  // namespace brasa
