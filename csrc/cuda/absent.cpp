#include "cuda/table.h"

namespace brasa::cuda {

const char* absence_reason() { return BRASA_CUDA_ABSENT_REASON; }

const OpTable* device_table() { return nullptr; }

}  // namespace brasa::cuda
