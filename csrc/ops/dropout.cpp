#include "ops/dropout.h"

#include "ops/definitions.h"

namespace brasa {
namespace {

void infer_dropout(const Site& site, Call& call) {
  const double rate = site.attributes.number("rate", 0);
  require(rate >= 0 && rate < 1, site.op, ": rate must be in [0, 1), got ", rate);
  site.require_shape(1, {2});
  call.outputs = {site.inputs[0]};
  const int64_t count = site.shape(0).elements();
  call.flops = 40.0 * static_cast<double>(count);
  call.set(DropoutShape{count, static_cast<float>(rate),
                        static_cast<uint32_t>(site.attributes.integer("node", 0))});
}

void run_dropout(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->dropout(exec, call.get<DropoutShape>(), in<int64_t>(inputs, 1), in<float>(inputs, 0),
                      out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> dropout_ops() {
  return {{"dropout", {{"x"}, {"state", Accepts::kInt64}}, infer_dropout, run_dropout}};
}

}  // namespace brasa
