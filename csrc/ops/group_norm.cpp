#include "ops/group_norm.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

// Every operand from `first` on has one number for each channel.
GroupNormShape infer_shape(const Site& site, const Shape& x, int first) {
  require(x.rank() >= 2, site.op, ": x must have rank 2 or more, got ", x);
  const int64_t channels = x[x.rank() - 1];
  require(channels >= 1, site.op, ": needs at least one channel, got ", x);
  const int64_t groups = site.attributes.integer("groups", 1);
  require(groups >= 1, site.op, ": groups must be >= 1, got ", groups);
  require(channels % groups == 0, site.op, ": ", channels, " channels cannot be cut into ", groups,
          " groups of equal size");
  for (int i = first; i < static_cast<int>(site.inputs.size()); ++i) {
    if (site.has(i)) site.require_shape(i, {channels});
  }
  const int64_t positions = x.elements(1, x.rank() - 1);
  return {positions == 0 ? 0 : x[0], positions, channels, groups, parse_epsilon(site)};
}

void infer_forward(const Site& site, Call& call) {
  const GroupNormShape s = infer_shape(site, site.shape(0), 1);
  call.outputs = {site.inputs[0]};
  call.workspace = site.table.group_norm_workspace(s, site.threads);
  call.flops = 8.0 * static_cast<double>(s.images * s.image());
  call.set(s);
}

void infer_backward(const Site& site, Call& call) {
  const GroupNormShape s = infer_shape(site, site.shape(1), 2);
  site.require_shape(0, site.shape(1));
  const TensorSpec channels = {DType::kFloat32, {s.channels}};
  call.outputs = {site.inputs[1], channels, channels};
  call.workspace = site.table.group_norm_backward_workspace(s, site.threads);
  call.flops = 16.0 * static_cast<double>(s.images * s.image());
  call.set(s);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->group_norm(exec, call.get<GroupNormShape>(), in<float>(inputs, 0),
                         in<float>(inputs, 1), in<float>(inputs, 2), out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->group_norm_backward(
      exec, call.get<GroupNormShape>(), in<float>(inputs, 0), in<float>(inputs, 1),
      in<float>(inputs, 2),
      {out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2)});
}

}  // namespace

std::vector<Op> group_norm_ops() {
  const OperandRule gamma = {"gamma", Accepts::kFloat32, true};
  const OperandRule beta = {"beta", Accepts::kFloat32, true};
  return {{"group_norm", {{"x"}, gamma, beta}, infer_forward, run_forward},
          {"group_norm_backward", {{"dy"}, {"x"}, gamma}, infer_backward, run_backward}};
}

}  // namespace brasa
