#include "ops/mask.h"

#include "ops/definitions.h"

namespace brasa {
namespace {

Shape without_last(const Shape& shape) {
  Shape rows;
  for (int axis = 0; axis + 1 < shape.rank(); ++axis) rows.append(shape[axis]);
  return rows;
}

MaskShape shape_of(const Site& site) {
  const Shape& x = site.shape(0);
  require(x.rank() >= 2, site.op, ": x must have rank 2 or more (N, ..., D), got ", x);
  return {x.elements(0, x.rank() - 1), x.last(),
          static_cast<float>(site.attributes.number("value", 0))};
}

struct IdsCall {
  int64_t count;
  int32_t value;
};

void infer_ids(const Site& site, Call& call) {
  const int64_t value = site.attributes.integer("value", 0);
  require(value >= INT32_MIN && value <= INT32_MAX, site.op, ": value must be an int32, got ",
          value);
  call.outputs = {{DType::kFloat32, site.shape(0)}};
  call.set(IdsCall{site.shape(0).elements(), static_cast<int32_t>(value)});
}

void run_ids(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto [count, value] = call.get<IdsCall>();
  exec.table->mask_of_ids(exec, count, value, in<int32_t>(inputs, 0), out<float>(outputs, 0));
}

void infer_of_rows(const Site& site, Call& call) {
  call.set(shape_of(site));
  call.outputs = {{DType::kFloat32, without_last(site.shape(0))}};
  call.flops = static_cast<double>(site.shape(0).elements());
}

void run_of_rows(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->mask_of_rows(exec, call.get<MaskShape>(), in<float>(inputs, 0),
                           out<float>(outputs, 0));
}

void infer_rows(const Site& site, Call& call) {
  call.set(shape_of(site));
  site.require_shape(1, without_last(site.shape(0)));
  call.outputs = {site.inputs[0]};
}

void run_rows(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->mask_rows(exec, call.get<MaskShape>(), in<float>(inputs, 0), in<float>(inputs, 1),
                        out<float>(outputs, 0));
}

void infer_weights(const Site& site, Call& call) {
  if (site.has(1)) site.require_shape(1, site.shape(0));
  call.outputs = {site.inputs[0], {DType::kFloat64, Shape{}}};
  call.set(site.shape(0).elements());
}

void run_weights(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->mask_weights(exec, call.get<int64_t>(), in<float>(inputs, 0), in<float>(inputs, 1),
                           out<float>(outputs, 0), out<double>(outputs, 1));
}

}  // namespace

std::vector<Op> mask_ops() {
  const OperandRule mask = {"mask"}, weight = {"sample_weight", Accepts::kFloat32, true};
  return {{"mask_of_ids", {{"ids", Accepts::kInt32}}, infer_ids, run_ids},
          {"mask_of_rows", {{"x"}}, infer_of_rows, run_of_rows},
          {"mask_rows", {{"x"}, mask}, infer_rows, run_rows},
          {"mask_weights", {mask, weight}, infer_weights, run_weights}};
}

}  // namespace brasa
