#include "ops/lstm.h"

#include "ops/definitions.h"
#include "ops/infer_recurrent.h"

namespace brasa {
namespace {

constexpr int kGateCount = 4;

void infer_forward(const Site& site, Call& call) {
  const RecurrentShape s = infer_recurrent(site, 0, 1, 2, kGateCount);
  require_if_present(site, 3, {kGateCount * s.U});
  require_if_present(site, 4, {s.N, s.U});
  require_if_present(site, 5, {s.N, s.U});
  require_if_present(site, 6, {s.N, s.T});
  call.outputs = sequence_and_states(s, 2);
  call.outputs.push_back(saved_spec(site, site.table.lstm_saved(s)));
  call.workspace = site.table.lstm_forward_workspace(s, site.threads);
  call.flops = recurrent_flops(s, kGateCount);
  call.set(s);
}

void infer_backward(const Site& site, Call& call) {
  const RecurrentShape s = infer_recurrent(site, 4, 5, 6, kGateCount);
  require_if_present(site, 0, {s.N, s.T, s.U});
  require_if_present(site, 1, {s.N, s.U});
  require_if_present(site, 2, {s.N, s.U});
  site.require_shape(3, {site.table.lstm_saved(s)});
  require_if_present(site, 7, {s.N, s.T});
  const TensorSpec state = {DType::kFloat32, {s.N, s.U}};
  call.outputs = {site.inputs[4], site.inputs[5],
                  site.inputs[6], {DType::kFloat32, {kGateCount * s.U}},
                  state,          state};
  call.workspace = site.table.lstm_backward_workspace(s, site.threads);
  call.flops = 2 * recurrent_flops(s, kGateCount);
  call.set(s);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const bool keeps = call.outputs[3].shape[0] > 0;
  exec.table->lstm_forward(
      exec, call.get<RecurrentShape>(),
      {in<float>(inputs, 0), in<float>(inputs, 1), in<float>(inputs, 2), in<float>(inputs, 3),
       in<float>(inputs, 4), in<float>(inputs, 5), in<float>(inputs, 6)},
      {out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2),
       keeps ? out<float>(outputs, 3) : nullptr});
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->lstm_backward(
      exec, call.get<RecurrentShape>(),
      {in<float>(inputs, 0), in<float>(inputs, 1), in<float>(inputs, 2), in<float>(inputs, 3),
       in<float>(inputs, 4), in<float>(inputs, 5), in<float>(inputs, 6), in<float>(inputs, 7)},
      {out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2),
       out<float>(outputs, 3), out<float>(outputs, 4), out<float>(outputs, 5)});
}

}  // namespace

std::vector<Op> lstm_ops() {
  const auto optional = [](const char* name) { return OperandRule{name, Accepts::kFloat32, true}; };
  return {{"lstm",
           {{"x"}, {"w"}, {"u"}, optional("b"), optional("h0"), optional("c0"), optional("mask")},
           infer_forward,
           run_forward},
          {"lstm_backward",
           {optional("dy"),
            optional("dh"),
            optional("dc"),
            {"saved"},
            {"x"},
            {"w"},
            {"u"},
            optional("mask")},
           infer_backward,
           run_backward}};
}

}  // namespace brasa
