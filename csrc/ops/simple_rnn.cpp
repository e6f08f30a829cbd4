#include "ops/simple_rnn.h"

#include "ops/definitions.h"
#include "ops/infer.h"
#include "ops/infer_recurrent.h"

namespace brasa {
namespace {

SimpleRnnShape infer_shape(const Site& site, int x, int w, int u) {
  SimpleRnnShape s{infer_recurrent(site, x, w, u, 1), parse_activation(site)};
  require(!slope_needs_x(s.activation.kind), site.op,
          ": activation must not be gelu, gelu_tanh or silu: the gradient comes from the outputs");
  require(s.activation.kind != ActivationKind::kLeakyRelu || s.activation.alpha > 0, site.op,
          ": negative_slope must be > 0: the gradient comes from the outputs");
  return s;
}

void infer_forward(const Site& site, Call& call) {
  const SimpleRnnShape s = infer_shape(site, 0, 1, 2);
  require_if_present(site, 3, {s.U});
  require_if_present(site, 4, {s.N, s.U});
  require_if_present(site, 5, {s.N, s.T});
  call.outputs = sequence_and_states(s, 1);
  call.outputs.push_back(saved_spec(site, site.table.simple_rnn_saved(s)));
  call.workspace = site.table.simple_rnn_forward_workspace(s, site.threads);
  call.flops = recurrent_flops(s, 1);
  call.set(s);
}

void infer_backward(const Site& site, Call& call) {
  const SimpleRnnShape s = infer_shape(site, 3, 4, 5);
  require_if_present(site, 0, {s.N, s.T, s.U});
  require_if_present(site, 1, {s.N, s.U});
  site.require_shape(2, {site.table.simple_rnn_saved(s)});
  require_if_present(site, 6, {s.N, s.T});
  call.outputs = {site.inputs[3], site.inputs[4], site.inputs[5]};
  call.outputs.push_back({DType::kFloat32, {s.U}});
  call.outputs.push_back({DType::kFloat32, {s.N, s.U}});
  call.workspace = site.table.simple_rnn_backward_workspace(s, site.threads);
  call.flops = 2 * recurrent_flops(s, 1);
  call.set(s);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->simple_rnn_forward(exec, call.get<SimpleRnnShape>(), recurrent_inputs(inputs),
                                 recurrent_outputs(call, outputs));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->simple_rnn_backward(exec, call.get<SimpleRnnShape>(), recurrent_slopes(inputs),
                                  recurrent_gradients(outputs));
}

}  // namespace

std::vector<Op> simple_rnn_ops() {
  return {{"simple_rnn", recurrent_operands(), infer_forward, run_forward},
          {"simple_rnn_backward", recurrent_backward_operands(), infer_backward, run_backward}};
}

}  // namespace brasa
