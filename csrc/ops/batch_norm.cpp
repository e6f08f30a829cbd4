#include "ops/batch_norm.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

// From a matrix of any rank; every operand from `first` on has one value for each of its columns.
BatchNormShape infer_shape(const Site& site, const Shape& matrix, int first) {
  require(matrix.rank() >= 2, site.op, ": x must have rank 2 or more (N, ..., C), got ", matrix);
  const RowsShape rows = rows_of(matrix);
  const double epsilon = site.attributes.number("epsilon", 1e-3);
  require(epsilon > 0, site.op, ": epsilon must be > 0, got ", epsilon);
  for (int i = first; i < static_cast<int>(site.inputs.size()); ++i) {
    if (site.has(i)) site.require_shape(i, {rows.classes});
  }
  return {rows.rows, rows.classes, static_cast<float>(epsilon), parse_activation(site)};
}

void finish(const Site& site, Call& call, const BatchNormShape& s, double flops) {
  call.workspace = site.table.batch_norm_workspace(s);
  call.flops = flops * static_cast<double>(s.rows * s.columns);
  call.set(s);
}

void require_rows(const Site& site, const BatchNormShape& s) {
  require(s.rows >= 1, site.op, ": the statistics of an empty batch are undefined");
}

TensorSpec column_of(const BatchNormShape& s) { return {DType::kFloat32, {s.columns}}; }

// gamma, beta, mean, variance as neighbouring inputs.
BatchNormScale scale_of(Inputs inputs, int first) {
  return {in<float>(inputs, first), in<float>(inputs, first + 1), in<float>(inputs, first + 2),
          in<float>(inputs, first + 3)};
}

void infer_inference(const Site& site, Call& call) {
  const BatchNormShape s = infer_shape(site, site.shape(0), 1);
  call.outputs = {site.inputs[0]};
  finish(site, call, s, 3);
}

void infer_training(const Site& site, Call& call) {
  const BatchNormShape s = infer_shape(site, site.shape(0), 1);
  require_rows(site, s);
  call.outputs = {site.inputs[0], column_of(s), column_of(s)};
  finish(site, call, s, 8);
}

void infer_backward(const Site& site, Call& call) {
  const BatchNormShape s = infer_shape(site, site.shape(1), 2);
  require_rows(site, s);
  site.require_shape(0, site.shape(1));
  call.outputs = {site.inputs[1], column_of(s), column_of(s)};
  finish(site, call, s, 10);
}

void infer_fold(const Site& site, Call& call) {
  const BatchNormShape s = infer_shape(site, site.shape(0), 1);
  call.outputs = {site.inputs[0], column_of(s)};
  finish(site, call, s, 1);
}

void run_inference(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->batch_norm(exec, call.get<BatchNormShape>(), in<float>(inputs, 0),
                         scale_of(inputs, 1), out<float>(outputs, 0));
}

void run_training(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<BatchNormShape>();
  float *mean = out<float>(outputs, 1), *variance = out<float>(outputs, 2);
  exec.table->batch_norm_statistics(exec, s, in<float>(inputs, 0), mean, variance);
  exec.barrier();
  exec.table->batch_norm(exec, s, in<float>(inputs, 0),
                         {in<float>(inputs, 1), in<float>(inputs, 2), mean, variance},
                         out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->batch_norm_backward(
      exec, call.get<BatchNormShape>(), in<float>(inputs, 0), in<float>(inputs, 1),
      scale_of(inputs, 2),
      {out<float>(outputs, 0), out<float>(outputs, 1), out<float>(outputs, 2)});
}

void run_fold(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->batch_norm_fold(exec, call.get<BatchNormShape>(), in<float>(inputs, 0),
                              in<float>(inputs, 1), scale_of(inputs, 2),
                              {out<float>(outputs, 0), out<float>(outputs, 1)});
}

struct MovingShape {
  int64_t count;
  float momentum;
};

void infer_moving(const Site& site, Call& call) {
  const double momentum = site.attributes.number("momentum", 0.99);
  require(momentum >= 0 && momentum <= 1, site.op, ": momentum must be in [0, 1], got ", momentum);
  call.outputs = {site.inputs[0]};
  call.flops = 3.0 * static_cast<double>(site.shape(0).elements());
  call.set(MovingShape{site.shape(0).elements(), static_cast<float>(momentum)});
}

void run_moving(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<MovingShape>();
  exec.table->moving_average(exec, s.count, s.momentum, in<float>(inputs, 0),
                             out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> batch_norm_ops() {
  const OperandRule b = {"b", Accepts::kFloat32, true};
  const OperandRule gamma = {"gamma", Accepts::kFloat32, true};
  const OperandRule beta = {"beta", Accepts::kFloat32, true};
  const OperandRule mean = {"mean"}, variance = {"variance"};
  return {{"batch_norm", {{"x"}, gamma, beta, mean, variance}, infer_inference, run_inference},
          {"batch_norm_training", {{"x"}, gamma, beta}, infer_training, run_training},
          {"batch_norm_backward",
           {{"dy"}, {"x"}, gamma, beta, mean, variance},
           infer_backward,
           run_backward},
          {"batch_norm_fold", {{"w"}, b, gamma, beta, mean, variance}, infer_fold, run_fold},
          {"moving_average", {{"value"}}, infer_moving, run_moving, false, true}};
}

}  // namespace brasa
