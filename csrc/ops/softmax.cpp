#include "ops/softmax.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

void infer_forward(const Site& site, Call& call) {
  const Shape& x = site.shape(0);
  require(x.rank() >= 1 && x.last() >= 1, site.op,
          ": needs at least one class on the last axis, got ", x);
  call.outputs = {site.inputs[0]};
  call.flops = 24.0 * static_cast<double>(x.elements());
  call.set(rows_of(x));
}

void infer_backward(const Site& site, Call& call) {
  site.require_shape(0, site.shape(1));
  infer_forward(site, call);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->softmax_forward(exec, call.get<RowsShape>(), in<float>(inputs, 0),
                              out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->softmax_backward(exec, call.get<RowsShape>(), in<float>(inputs, 0),
                               in<float>(inputs, 1), out<float>(outputs, 0));
}

void run_log_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->log_softmax_forward(exec, call.get<RowsShape>(), in<float>(inputs, 0),
                                  out<float>(outputs, 0));
}

void run_log_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->log_softmax_backward(exec, call.get<RowsShape>(), in<float>(inputs, 0),
                                   in<float>(inputs, 1), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> softmax_ops() {
  return {{"log_softmax", {{"x"}}, infer_forward, run_log_forward},
          {"log_softmax_backward", {{"dy"}, {"y"}}, infer_backward, run_log_backward},
          {"softmax", {{"x"}}, infer_forward, run_forward},
          {"softmax_backward", {{"dy"}, {"y"}}, infer_backward, run_backward}};
}

}  // namespace brasa
