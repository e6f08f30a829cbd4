#include "cuda/table.h"

namespace brasa::cuda {

const char* absence_reason() { return BRASA_CUDA_ABSENT_REASON; }

}  // namespace brasa::cuda
