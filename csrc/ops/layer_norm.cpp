#include "ops/layer_norm.h"

#include <limits>

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {

// The kernels take smaller numbers than float32's least normal one for 0.
float parse_epsilon(const Site& site) {
  using Limits = std::numeric_limits<float>;
  const double epsilon = site.attributes.number("epsilon", 1e-3);
  require(epsilon >= double{Limits::min()} && epsilon <= double{Limits::max()}, site.op,
          ": epsilon must be > 0 and finite in float32, got ", epsilon);
  return static_cast<float>(epsilon);
}

namespace {

// The last "axes" axes of x.
Shape row_of(const Site& site, const Shape& x) {
  const int64_t axes = site.attributes.integer("axes", 1);
  require(axes >= 1 && axes <= x.rank(), site.op, ": x must have rank ", axes, " or more, got ", x);
  Shape row;
  for (int axis = x.rank() - static_cast<int>(axes); axis < x.rank(); ++axis) row.append(x[axis]);
  require(row.elements() >= 1, site.op, ": needs at least one feature, got ", x);
  return row;
}

// Every operand from `first` on has the shape of a row.
LayerNormShape infer_shape(const Site& site, const Shape& x, int first) {
  const Shape row = row_of(site, x);
  for (int i = first; i < static_cast<int>(site.inputs.size()); ++i) {
    if (site.has(i)) site.require_shape(i, row);
  }
  return {x.elements(0, x.rank() - row.rank()), row.elements(), parse_epsilon(site)};
}

void infer_forward(const Site& site, Call& call) {
  const LayerNormShape s = infer_shape(site, site.shape(0), 1);
  call.outputs = {site.inputs[0]};
  call.flops = 8.0 * static_cast<double>(s.rows * s.columns);
  call.set(s);
}

void infer_backward(const Site& site, Call& call) {
  const LayerNormShape s = infer_shape(site, site.shape(1), 2);
  site.require_shape(0, site.shape(1));
  const TensorSpec row = {DType::kFloat32, row_of(site, site.shape(1))};
  call.outputs = {site.inputs[1], row, row};
  call.workspace = site.table.layer_norm_backward_workspace(s);
  call.flops = 18.0 * static_cast<double>(s.rows * s.columns);
  call.set(s);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->layer_norm(exec, call.get<LayerNormShape>(), in<float>(inputs, 0),
                         in<float>(inputs, 1), in<float>(inputs, 2), out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->layer_norm_backward(
      exec, call.get<LayerNormShape>(), in<float>(inputs, 0), in<float>(inputs, 1),
      in<float>(inputs, 2),
      {out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2)});
}

}  // namespace

std::vector<Op> layer_norm_ops() {
  const OperandRule gamma = {"gamma", Accepts::kFloat32, true};
  const OperandRule beta = {"beta", Accepts::kFloat32, true};
  return {{"layer_norm", {{"x"}, gamma, beta}, infer_forward, run_forward},
          {"layer_norm_backward", {{"dy"}, {"x"}, gamma}, infer_backward, run_backward}};
}

}  // namespace brasa
