#include "ops/reduce.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

ReduceKind parse_kind(const Site& site) {
  const std::string kind = site.attributes.text("kind", "");
  if (kind == "sum") return ReduceKind::kSum;
  if (kind == "mean") return ReduceKind::kMean;
  if (kind == "max") return ReduceKind::kMax;
  if (kind == "min") return ReduceKind::kMin;
  fail_value(site.op, ": there is no kind '", kind, "'");
}

// x with an extent of 1 along each of "axes".
Shape parse_axes(const Site& site, const Shape& x) {
  const int rank = x.rank();
  bool reduced[kMaxRank] = {};
  for (const int64_t axis : site.attributes.integers("axes", {})) {
    require(axis >= -rank && axis < rank, site.op, ": axis must lie in [", -rank, ", ", rank,
            ") for x ", x, ", got ", axis);
    bool& own = reduced[axis < 0 ? axis + rank : axis];
    require(!own, site.op, ": axis names axis ", axis, " of x ", x, " twice");
    own = true;
  }
  Shape y;
  for (int axis = 0; axis < rank; ++axis) y.append(reduced[axis] ? 1 : x[axis]);
  return y;
}

// Without the axes of "axes", in which `y` has an extent of 1.
Shape without_axes(const Site& site, const Shape& y) {
  bool reduced[kMaxRank] = {};
  for (const int64_t axis : site.attributes.integers("axes", {})) {
    reduced[axis < 0 ? axis + y.rank() : axis] = true;
  }
  Shape rest;
  for (int axis = 0; axis < y.rank(); ++axis) {
    if (!reduced[axis]) rest.append(y[axis]);
  }
  return rest;
}

void infer_reduce(const Site& site, Call& call) {
  const Shape& x = site.shape(0);
  const ReduceKind kind = parse_kind(site);
  const Shape y = parse_axes(site, x);
  const bool sums = kind == ReduceKind::kSum || kind == ReduceKind::kMean;
  require(sums || x.elements() > 0 || y.elements() == 0, site.op, ": x ", x,
          " has no element along the axes, and nothing is the largest or smallest of none");
  ReduceShape shape = reduced_to_a(kind, broadcast_shape(BroadcastKind::kCopy, x, y, Shape{}));
  shape.write = site.write();
  call.outputs = {{DType::kFloat32, site.attributes.flag("keepdims") ? y : without_axes(site, y)}};
  call.workspace = site.table.reduce_workspace(shape);
  call.flops = static_cast<double>(x.elements());
  call.set(shape);
}

void run_reduce(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->reduce(exec, call.get<ReduceShape>(), in<float>(inputs, 0), nullptr,
                     out<float>(outputs, 0));
}

void infer_extreme_backward(const Site& site, Call& call) {
  const Shape& x = site.shape(1);
  const Shape y = parse_axes(site, x);
  for (const int input : {0, 2}) {
    if (site.shape(input) != without_axes(site, y)) site.require_shape(input, y);
  }
  const BroadcastShape shape = broadcast_shape(BroadcastKind::kMultiply, x, y, y);
  call.outputs = {{DType::kFloat32, x}};
  call.workspace = site.table.extreme_backward_workspace(shape);
  call.flops = 4.0 * static_cast<double>(x.elements());
  call.set(shape);
}

void run_extreme_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->extreme_backward(exec, call.get<BroadcastShape>(), in<float>(inputs, 0),
                               in<float>(inputs, 1), in<float>(inputs, 2), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> reduce_ops() {
  return {
      {"reduce", {{"x"}}, infer_reduce, run_reduce},
      {"extreme_backward", {{"dy"}, {"x"}, {"y"}}, infer_extreme_backward, run_extreme_backward}};
}

}  // namespace brasa
