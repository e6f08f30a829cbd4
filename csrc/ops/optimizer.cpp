#include "ops/optimizer.h"

#include <cmath>

#include "ops/definitions.h"

namespace brasa {
namespace {

// The outputs of all of them are updated in place: p and the slots.
void update_outputs(const Site& site, Call& call, size_t spans) {
  require(site.shape(0).rank() == 1 && site.shape(0)[0] >= 1, site.op,
          ": parameters must be a flat array of at least one number, got ", site.shape(0));
  site.require_shape(1, {2});
  call.outputs.assign(spans, site.inputs[0]);
  call.flops = 6.0 * static_cast<double>(spans * static_cast<size_t>(site.shape(0)[0]));
}

double not_negative(const Site& site, const char* name, double fallback = 0) {
  const double value = site.attributes.number(name, fallback);
  require(value >= 0 && std::isfinite(static_cast<float>(value)), site.op, ": ", name,
          " must be finite and >= 0, got ", value);
  return value;
}

double share(const Site& site, const char* name, double fallback) {
  const double value = site.attributes.number(name, fallback);
  require(value >= 0 && value < 1, site.op, ": ", name, " must be in [0, 1), got ", value);
  return value;
}

double momentum_of(const Site& site) {
  const double value = site.attributes.number("momentum", 0);
  require(value >= 0 && value <= 1, site.op, ": momentum must be in [0, 1], got ", value);
  return value;
}

double epsilon_of(const Site& site) {
  const double value = site.attributes.number("epsilon", 1e-7);
  require(value > 0, site.op, ": epsilon must be > 0, got ", value);
  return value;
}

Shrink shrink_of(const Site& site) {
  return {not_negative(site, "weight_decay"), not_negative(site, "l1"), not_negative(site, "l2")};
}

void infer_sgd(const Site& site, Call& call) {
  const double momentum = momentum_of(site);
  update_outputs(site, call, momentum == 0 ? 1 : 2);
  call.set(SgdShape{site.shape(0)[0], static_cast<float>(momentum),
                    site.attributes.flag("nesterov"), shrink_of(site)});
}

void run_sgd(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  float* velocity = call.outputs.size() > 1 ? out<float>(outputs, 1) : nullptr;
  exec.table->sgd_step(exec, call.get<SgdShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                       out<float>(outputs, 0), velocity);
}

// Adamax and nadam have the attributes and the slots of adam without amsgrad.
void infer_like_adam(const Site& site, Call& call) {
  update_outputs(site, call, 3);
  call.set(AdamShape{site.shape(0)[0], share(site, "beta_1", 0.9), share(site, "beta_2", 0.999),
                     epsilon_of(site), shrink_of(site)});
}

void infer_adam(const Site& site, Call& call) {
  infer_like_adam(site, call);
  if (site.attributes.flag("amsgrad")) call.outputs.push_back(site.inputs[0]);
}

void run_adam(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const AdamSlots slots{out<float>(outputs, 1), out<float>(outputs, 2),
                        call.outputs.size() > 3 ? out<float>(outputs, 3) : nullptr};
  exec.table->adam_step(exec, call.get<AdamShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                        out<float>(outputs, 0), slots);
}

void run_adamax(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->adamax_step(exec, call.get<AdamShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                          out<float>(outputs, 0),
                          {out<float>(outputs, 1), out<float>(outputs, 2), nullptr});
}

void run_nadam(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->nadam_step(exec, call.get<AdamShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                         out<float>(outputs, 0),
                         {out<float>(outputs, 1), out<float>(outputs, 2), nullptr});
}

void infer_adadelta(const Site& site, Call& call) {
  update_outputs(site, call, 3);
  call.set(
      AdadeltaShape{site.shape(0)[0], share(site, "rho", 0.95), epsilon_of(site), shrink_of(site)});
}

void run_adadelta(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->adadelta_step(exec, call.get<AdadeltaShape>(), in<double>(inputs, 1),
                            in<float>(inputs, 0), out<float>(outputs, 0), out<float>(outputs, 1),
                            out<float>(outputs, 2));
}

void infer_lion(const Site& site, Call& call) {
  update_outputs(site, call, 2);
  call.set(LionShape{site.shape(0)[0], share(site, "beta_1", 0.9), share(site, "beta_2", 0.99),
                     shrink_of(site)});
}

void run_lion(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->lion_step(exec, call.get<LionShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                        out<float>(outputs, 0), out<float>(outputs, 1));
}

void infer_ftrl(const Site& site, Call& call) {
  update_outputs(site, call, 3);
  call.set(FtrlShape{site.shape(0)[0], not_negative(site, "power", 0.5),
                     not_negative(site, "lasso"), not_negative(site, "ridge"),
                     not_negative(site, "shrinkage"), not_negative(site, "beta"), shrink_of(site)});
}

void run_ftrl(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->ftrl_step(exec, call.get<FtrlShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                        out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2));
}

void infer_lamb(const Site& site, Call& call) {
  infer_like_adam(site, call);
  call.workspace = lamb_workspace(site.shape(0)[0]);
}

void run_lamb(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->lamb_step(exec, call.get<AdamShape>(), in<double>(inputs, 1), in<float>(inputs, 0),
                        out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2));
}

struct RmspropCall {
  RmspropShape shape;
  bool centered;
};

void infer_rmsprop(const Site& site, Call& call) {
  const double momentum = momentum_of(site);
  const bool centered = site.attributes.flag("centered");
  update_outputs(site, call, 2 + (momentum == 0 ? 0 : 1) + (centered ? 1 : 0));
  call.set(RmspropCall{
      {site.shape(0)[0], share(site, "rho", 0.9), momentum, epsilon_of(site), shrink_of(site)},
      centered});
}

void run_rmsprop(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto [shape, centered] = call.get<RmspropCall>();
  int next = 1;
  RmspropSlots slots{out<float>(outputs, next++), nullptr, nullptr};
  if (shape.momentum != 0) slots.m = out<float>(outputs, next++);
  if (centered) slots.a = out<float>(outputs, next++);
  exec.table->rmsprop_step(exec, shape, in<double>(inputs, 1), in<float>(inputs, 0),
                           out<float>(outputs, 0), slots);
}

void infer_adagrad(const Site& site, Call& call) {
  update_outputs(site, call, 2);
  call.set(AdagradShape{site.shape(0)[0], epsilon_of(site), shrink_of(site)});
}

void run_adagrad(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->adagrad_step(exec, call.get<AdagradShape>(), in<double>(inputs, 1),
                           in<float>(inputs, 0), out<float>(outputs, 0), out<float>(outputs, 1));
}

}  // namespace

std::vector<Op> optimizer_ops() {
  const std::vector<OperandRule> inputs = {{"gradient"}, {"hyper", Accepts::kFloat64}};
  std::vector<Op> steps;
  const auto step = [&](const char* name, auto infer, auto run) {
    steps.push_back({name, inputs, infer, run, /*variadic=*/false, /*in_place=*/true});
  };
  step("adadelta_step", infer_adadelta, run_adadelta);
  step("adagrad_step", infer_adagrad, run_adagrad);
  step("adam_step", infer_adam, run_adam);
  step("adamax_step", infer_like_adam, run_adamax);
  step("ftrl_step", infer_ftrl, run_ftrl);
  step("lamb_step", infer_lamb, run_lamb);
  step("lion_step", infer_lion, run_lion);
  step("nadam_step", infer_like_adam, run_nadam);
  step("rmsprop_step", infer_rmsprop, run_rmsprop);
  step("sgd_step", infer_sgd, run_sgd);
  return steps;
}

}  // namespace brasa
