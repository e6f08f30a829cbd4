#include "ops/recurrent.h"

#include "ops/infer_recurrent.h"

namespace brasa {

RecurrentShape infer_recurrent(const Site& site, int x, int w, int u, int gates) {
  site.require_rank(x, 3, "(N, T, D)");
  site.require_rank(w, 2, "(features, gates * units)");
  site.require_rank(u, 2, "(units, gates * units)");
  const Shape &x_shape = site.shape(x), &w_shape = site.shape(w), &u_shape = site.shape(u);
  RecurrentShape s{};
  s.N = x_shape[0], s.T = x_shape[1], s.D = x_shape[2], s.U = u_shape[0];
  s.backwards = site.attributes.flag("go_backwards");
  require(s.D >= 1, site.op, ": x must have at least one feature, got ", x_shape);
  require(s.U >= 1, site.op, ": u must have at least one unit, got ", u_shape);
  require(w_shape[0] == s.D, site.op, ": w expects ", w_shape[0], " features, x has ", s.D, ".  x ",
          x_shape, " in (N, T, D), w ", w_shape, " in (D, ", gates, " * U)");
  const int64_t columns = checked_mul(gates, s.U, site.op);
  require(u_shape[1] == columns, site.op, ": u must have the shape ", Shape{s.U, columns},
          " for its ", s.U, " units, got ", u_shape);
  require(w_shape[1] == columns, site.op, ": w must have the shape ", Shape{s.D, columns},
          " for the ", s.U, " units of u, got ", w_shape);
  // What the kernels keep of a step is at most 8 floats for each unit, filled up to 64 units.
  const int64_t steps = checked_mul(checked_add(s.T, 1, site.op), s.N, site.op);
  const int64_t widest = s.U > s.D ? s.U : s.D;
  checked_mul(checked_mul(steps, checked_add(widest, 64, site.op), site.op), 8 * 8, site.op);
  return s;
}

void require_if_present(const Site& site, int input, const Shape& wanted) {
  if (site.has(input)) site.require_shape(input, wanted);
}

std::vector<TensorSpec> sequence_and_states(const RecurrentShape& s, int states) {
  std::vector<TensorSpec> specs = {{DType::kFloat32, {s.N, s.T, s.U}}};
  for (int i = 0; i < states; ++i) specs.push_back({DType::kFloat32, {s.N, s.U}});
  return specs;
}

TensorSpec saved_spec(const Site& site, int64_t floats) {
  return {DType::kFloat32, {site.attributes.integer("training", 1) != 0 ? floats : 0}};
}

std::vector<OperandRule> recurrent_operands() {
  return {{"x"},
          {"w"},
          {"u"},
          {"b", Accepts::kFloat32, true},
          {"h0", Accepts::kFloat32, true},
          {"mask", Accepts::kFloat32, true}};
}

std::vector<OperandRule> recurrent_backward_operands() {
  return {{"dy", Accepts::kFloat32, true},
          {"dh", Accepts::kFloat32, true},
          {"saved"},
          {"x"},
          {"w"},
          {"u"},
          {"mask", Accepts::kFloat32, true}};
}

RecurrentInputs recurrent_inputs(Inputs inputs) {
  return {in<float>(inputs, 0), in<float>(inputs, 1), in<float>(inputs, 2),
          in<float>(inputs, 3), in<float>(inputs, 4), nullptr,
          in<float>(inputs, 5)};
}

RecurrentOutputs recurrent_outputs(const Call& call, Outputs outputs) {
  const bool keeps = call.outputs[2].shape[0] > 0;
  return {out<float>(outputs, 0), out<float>(outputs, 1), nullptr,
          keeps ? out<float>(outputs, 2) : nullptr};
}

RecurrentSlopes recurrent_slopes(Inputs inputs) {
  return {in<float>(inputs, 0), in<float>(inputs, 1), nullptr,
          in<float>(inputs, 2), in<float>(inputs, 3), in<float>(inputs, 4),
          in<float>(inputs, 5), in<float>(inputs, 6)};
}

RecurrentGradients recurrent_gradients(Outputs outputs) {
  return {out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2),
          out<float>(outputs, 3), out<float>(outputs, 4), nullptr};
}

double recurrent_flops(const RecurrentShape& s, int gates) {
  return 2.0 * static_cast<double>(s.N * s.T) * static_cast<double>(gates * s.U) *
         static_cast<double>(s.D + s.U);
}

}  // namespace brasa
