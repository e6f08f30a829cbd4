#include "cuda/table.h"

namespace brasa::cuda {

const OpTable* on_cpu_table(const OpTable& fallback) {
  static const OpTable table = table_named("cuda_on_cpu", fallback);
  return &table;
}

}  // namespace brasa::cuda
