#include "ops/clip.h"

#include <cmath>

#include "ops/definitions.h"

namespace brasa {
namespace {

void infer_value(const Site& site, Call& call) {
  const double limit = site.attributes.number("limit", 0);
  require(limit > 0 && std::isfinite(limit) && static_cast<float>(limit) > 0 &&
              std::isfinite(static_cast<float>(limit)),
          site.op, ": limit must be finite and > 0, got ", limit);
  call.outputs = {site.inputs[0]};
  call.set(ClipShape{site.shape(0).elements(), static_cast<float>(limit)});
}

void infer_norm(const Site& site, Call& call) {
  infer_value(site, call);
  const int64_t count = site.shape(0).elements();
  call.workspace = clip_norm_workspace(count);
  call.flops = 2.0 * static_cast<double>(count);
}

void run_value(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->clip_value(exec, call.get<ClipShape>(), in<float>(inputs, 0), out<float>(outputs, 0));
}

void run_norm(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->clip_norm(exec, call.get<ClipShape>(), in<float>(inputs, 0), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> clip_ops() {
  return {{"clip_value", {{"x"}}, infer_value, run_value},
          {"clip_norm", {{"x"}}, infer_norm, run_norm}};
}

}  // namespace brasa
