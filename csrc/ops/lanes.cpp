#include "ops/lanes.h"

#include "ops/definitions.h"

namespace brasa {
namespace {

void infer_to(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, H, W, C)");
  const Shape& x = site.shape(0);
  const int64_t L = site.table.lanes;
  const LanesShape s{x[0], x[1], x[2], x[3], L, site.attributes.flag("repeat")};
  call.outputs = {{DType::kFloat32, {(s.N + L - 1) / L, s.C, s.H, s.W, L}}};
  call.set(s);
}

void infer_from(const Site& site, Call& call) {
  site.require_rank(0, 5, "(G, C, H, W, L)");
  const Shape& x = site.shape(0);
  const int64_t L = site.table.lanes, N = site.attributes.integer("rows", 0);
  require(x[4] == L, site.op, ": x must have ", L, " lanes, got ", x);
  require(N >= 0 && (N + L - 1) / L == x[0], site.op, ": rows must fill the ", x[0],
          " groups of x, got ", N);
  const LanesShape s{N, x[2], x[3], x[1], L, false};
  call.outputs = {{DType::kFloat32, {N, s.H, s.W, s.C}}};
  call.set(s);
}

void run_to(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->to_lanes(exec, call.get<LanesShape>(), in<float>(inputs, 0), out<float>(outputs, 0));
}

void run_from(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->from_lanes(exec, call.get<LanesShape>(), in<float>(inputs, 0),
                         out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> lanes_ops() {
  return {{"to_lanes", {{"x"}}, infer_to, run_to}, {"from_lanes", {{"x"}}, infer_from, run_from}};
}

}  // namespace brasa
