#include "cuda/table.h"

namespace brasa::cuda {

const OpTable* on_cpu_table(const OpTable&) { return nullptr; }

const OpTable* emulated_device_table(const OpTable&) { return nullptr; }

}  // namespace brasa::cuda
