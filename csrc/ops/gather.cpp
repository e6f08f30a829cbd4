#include "ops/gather.h"

#include "ops/definitions.h"

namespace brasa {
namespace {

void infer_gather(const Site& site, Call& call) {
  const TensorSpec& x = site.inputs[0];
  require(x.shape.rank() >= 1, site.op, ": x must have rank 1 or more, got a scalar");
  require(x.dtype != DType::kInt64, site.op, ": x must be uint8, int32, float32 or float64");
  const int64_t rows = site.attributes.integer("rows", 0);
  require(rows >= 0, site.op, ": rows must be >= 0, got ", rows);
  if (site.has(1)) site.require_shape(1, {rows});
  TensorSpec y = x;
  y.dtype = x.dtype == DType::kInt32 ? DType::kInt32 : DType::kFloat32;
  y.shape[0] = rows;
  call.outputs = {y};
  call.set(GatherShape{rows, x.shape.elements(1, x.shape.rank()), x.dtype});
}

void run_gather(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->gather(exec, call.get<GatherShape>(), inputs[0], in<int64_t>(inputs, 1), outputs[0]);
}

}  // namespace

std::vector<Op> gather_ops() {
  return {{"gather",
           {{"x", Accepts::kAny}, {"index", Accepts::kInt64, true}},
           infer_gather,
           run_gather}};
}

}  // namespace brasa
