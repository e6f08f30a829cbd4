#include "ops/penalty.h"

#include <cmath>

#include "ops/definitions.h"

namespace brasa {
namespace {

double factor(const Site& site, const char* name) {
  const double value = site.attributes.number(name, 0);
  require(value >= 0 && std::isfinite(static_cast<float>(value)), site.op, ": ", name,
          " must be finite and >= 0, got ", value);
  return value;
}

struct BackwardShape {
  PenaltyShape penalty;
  Write write;
};

void infer_penalty(const Site& site, Call& call) {
  const int64_t count = site.shape(0).elements();
  call.outputs = {{DType::kFloat32, Shape{}}};
  call.workspace = penalty_workspace(count);
  call.flops = 4.0 * static_cast<double>(count);
  call.set(PenaltyShape{count, factor(site, "l1"), factor(site, "l2")});
}

void run_penalty(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->penalty(exec, call.get<PenaltyShape>(), in<float>(inputs, 0), out<float>(outputs, 0));
}

void infer_backward(const Site& site, Call& call) {
  const int64_t count = site.shape(0).elements();
  call.outputs = {site.inputs[0]};
  call.flops = 4.0 * static_cast<double>(count);
  call.set(BackwardShape{{count, factor(site, "l1"), factor(site, "l2")}, site.write()});
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<BackwardShape>();
  exec.table->penalty_backward(exec, shape.penalty, shape.write, in<float>(inputs, 0),
                               out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> penalty_ops() {
  return {{"penalty", {{"x"}}, infer_penalty, run_penalty},
          {"penalty_backward", {{"x"}}, infer_backward, run_backward}};
}

}  // namespace brasa
