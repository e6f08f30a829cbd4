#include "ops/optimizer.h"

#include "ops/definitions.h"

namespace brasa {
namespace {

// The outputs of both ops are updated in place: p and the slots.
void update_outputs(const Site& site, Call& call, size_t spans) {
  require(site.shape(0).rank() == 1 && site.shape(0)[0] >= 1, site.op,
          ": parameters must be a flat array of at least one number, got ", site.shape(0));
  site.require_shape(1, {2});
  call.outputs.assign(spans, site.inputs[0]);
  call.flops = 6.0 * static_cast<double>(spans * static_cast<size_t>(site.shape(0)[0]));
}

void infer_sgd(const Site& site, Call& call) {
  const double momentum = site.attributes.number("momentum", 0);
  require(momentum >= 0 && momentum <= 1, site.op, ": momentum must be in [0, 1], got ", momentum);
  update_outputs(site, call, momentum == 0 ? 1 : 2);
  call.set(
      SgdShape{site.shape(0)[0], static_cast<float>(momentum), site.attributes.flag("nesterov")});
}

void run_sgd(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  float* velocity = call.outputs.size() > 1 ? out<float>(outputs, 1) : nullptr;
  exec.table->sgd_step(exec, call.get<SgdShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                       out<float>(outputs, 0), velocity);
}

void infer_adam(const Site& site, Call& call) {
  const AdamShape shape{site.shape(0).elements(), site.attributes.number("beta_1", 0.9),
                        site.attributes.number("beta_2", 0.999),
                        site.attributes.number("epsilon", 1e-7)};
  require(shape.beta_1 >= 0 && shape.beta_1 < 1, site.op, ": beta_1 must be in [0, 1), got ",
          shape.beta_1);
  require(shape.beta_2 >= 0 && shape.beta_2 < 1, site.op, ": beta_2 must be in [0, 1), got ",
          shape.beta_2);
  require(shape.epsilon > 0, site.op, ": epsilon must be > 0, got ", shape.epsilon);
  update_outputs(site, call, 3);
  call.set(shape);
}

void run_adam(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->adam_step(exec, call.get<AdamShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                        out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2));
}

}  // namespace

std::vector<Op> optimizer_ops() {
  const std::vector<OperandRule> inputs = {{"gradient"}, {"hyper", Accepts::kFloat64}};
  return {{"sgd_step", inputs, infer_sgd, run_sgd, /*variadic=*/false, /*in_place=*/true},
          {"adam_step", inputs, infer_adam, run_adam, /*variadic=*/false, /*in_place=*/true}};
}

}  // namespace brasa
