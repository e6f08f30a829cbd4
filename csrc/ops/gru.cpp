#include "ops/gru.h"

#include "ops/definitions.h"
#include "ops/infer_recurrent.h"

namespace brasa {
namespace {

constexpr int kGateCount = 3;

GruShape infer_shape(const Site& site, int x, int w, int u) {
  return {infer_recurrent(site, x, w, u, kGateCount),
          site.attributes.integer("reset_after", 1) != 0};
}

Shape bias_of(const GruShape& s) {
  return s.reset_after ? Shape{2, kGateCount * s.U} : Shape{kGateCount * s.U};
}

void infer_forward(const Site& site, Call& call) {
  const GruShape s = infer_shape(site, 0, 1, 2);
  require_if_present(site, 3, bias_of(s));
  require_if_present(site, 4, {s.N, s.U});
  require_if_present(site, 5, {s.N, s.T});
  call.outputs = sequence_and_states(s, 1);
  call.outputs.push_back(saved_spec(site, site.table.gru_saved(s)));
  call.workspace = site.table.gru_forward_workspace(s, site.threads);
  call.flops = recurrent_flops(s, kGateCount);
  call.set(s);
}

void infer_backward(const Site& site, Call& call) {
  const GruShape s = infer_shape(site, 3, 4, 5);
  require_if_present(site, 0, {s.N, s.T, s.U});
  require_if_present(site, 1, {s.N, s.U});
  site.require_shape(2, {site.table.gru_saved(s)});
  require_if_present(site, 6, {s.N, s.T});
  call.outputs = {site.inputs[3], site.inputs[4], site.inputs[5]};
  call.outputs.push_back({DType::kFloat32, bias_of(s)});
  call.outputs.push_back({DType::kFloat32, {s.N, s.U}});
  call.workspace = site.table.gru_backward_workspace(s, site.threads);
  call.flops = 2 * recurrent_flops(s, kGateCount);
  call.set(s);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->gru_forward(exec, call.get<GruShape>(), recurrent_inputs(inputs),
                          recurrent_outputs(call, outputs));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->gru_backward(exec, call.get<GruShape>(), recurrent_slopes(inputs),
                           recurrent_gradients(outputs));
}

}  // namespace

std::vector<Op> gru_ops() {
  return {{"gru", recurrent_operands(), infer_forward, run_forward},
          {"gru_backward", recurrent_backward_operands(), infer_backward, run_backward}};
}

}  // namespace brasa
