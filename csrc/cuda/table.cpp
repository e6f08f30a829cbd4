#include "cuda/table.h"

namespace brasa::cuda {

OpTable table_named(const char* name, const OpTable& fallback) {
  OpTable t = fallback;
  t.name = name;
  return t;
}

}  // namespace brasa::cuda
