#include "ops/precision.h"

#include "ops/infer.h"

namespace brasa {

Precision parse_precision(const Site& site) {
  const std::string name = site.attributes.text("precision", kPrecisionNames[0]);
  int found = 0;
  while (found < 3 && name != kPrecisionNames[found]) ++found;
  require(found < 3, site.op, ": precision must be 'float32', 'bf16' or 'bf16x3', got '", name,
          "'");
  if (found != 0 && site.table.reduced == nullptr) {
    fail(ErrorKind::kRuntime, site.op, ": precision '", name, "' is not offered by '",
         site.table.name, "' on this machine, which lacks ", site.table.reduced_lacks,
         ". Use 'float32'.");
  }
  return static_cast<Precision>(found);
}

}  // namespace brasa
