#include "ops/fill.h"

#include <cfloat>
#include <cmath>

#include "ops/infer.h"

namespace brasa {
namespace {

Fill fill_named(const Site& site) {
  const std::string mode = site.attributes.text("fill_mode", "constant");
  if (mode == "constant") return Fill::kConstant;
  if (mode == "nearest") return Fill::kNearest;
  if (mode == "reflect") return Fill::kReflect;
  if (mode == "wrap") return Fill::kWrap;
  fail_value(site.op, ": fill_mode must be 'constant', 'nearest', 'reflect' or 'wrap', got '", mode,
             "'");
}

}  // namespace

Fill parse_fill(const Site& site, const Shape& x) {
  const Fill fill = fill_named(site);
  require(fill == Fill::kConstant || (x[1] >= 1 && x[2] >= 1), site.op,
          ": an image without pixels can only be filled with a constant, got ", x);
  return fill;
}

float parse_fill_value(const Site& site) {
  const double value = site.attributes.number("fill_value", 0);
  require(std::abs(value) <= double{FLT_MAX}, site.op,
          ": fill_value must be a finite float32, got ", value);
  return static_cast<float>(value);
}

Size parse_size(const Site& site, const Shape& x) {
  const auto size = site.attributes.integers("size", {x[1], x[2]});
  require(size.size() == 2, site.op, ": size must have 2 entries, height and width, got ",
          size.size());
  for (const int64_t extent : size) {
    require(extent >= 1, site.op, ": size must be at least 1, got (", size[0], ", ", size[1], ")");
  }
  return {size[0], size[1]};
}

}  // namespace brasa
