#include "ops/broadcast.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

static_assert(kBroadcastRank == kMaxRank);

// The extent of `shape` along axis `axis` of a tensor of rank `rank`; 1 where it has no such axis.
int64_t extent_at(const Shape& shape, int axis, int rank) {
  const int own = axis - (rank - shape.rank());
  return own < 0 ? 1 : shape[own];
}

int most(int a, int b) { return a < b ? b : a; }

// The shape that both are repeated to.
Shape common_shape(const Site& site, const char* a_name, const Shape& a, const char* b_name,
                   const Shape& b) {
  Shape y;
  const int rank = most(a.rank(), b.rank());
  for (int axis = 0; axis < rank; ++axis) {
    const int64_t of_a = extent_at(a, axis, rank), of_b = extent_at(b, axis, rank);
    require(of_a == of_b || of_a == 1 || of_b == 1, site.op, ": ", a_name, " ", a, " and ", b_name,
            " ", b, " cannot be broadcast: axis ", axis - rank, " has ", of_a, " and ", of_b,
            " entries, which must be equal, or one of them 1");
    y.append(of_a == 1 ? of_b : of_a);
  }
  return y;
}

// Whether x can be repeated until it has the shape y.
void require_smaller(const Site& site, const char* x_name, const Shape& x, const char* y_name,
                     const Shape& y) {
  require(common_shape(site, x_name, x, y_name, y) == y, site.op, ": ", x_name, " ", x,
          " cannot be broadcast to ", y_name, " ", y, ": it is the larger one");
}

// An axis of y, and which of two operands have it; the others repeat it.
struct Axis {
  int64_t extent;
  bool a, b;
};

struct Axes {
  int count = 0;
  Axis axis[kMaxRank];
};

Axes joined_axes(const Shape& y, const Shape& a, const Shape& b) {
  Axes axes;
  for (int i = 0; i < y.rank(); ++i) {
    if (y[i] == 1) continue;
    const Axis next = {y[i], extent_at(a, i, y.rank()) != 1, extent_at(b, i, y.rank()) != 1};
    Axis* last = axes.count == 0 ? nullptr : &axes.axis[axes.count - 1];
    if (last != nullptr && last->a == next.a && last->b == next.b) {
      last->extent *= next.extent;
    } else {
      axes.axis[axes.count++] = next;
    }
  }
  if (axes.count == 0) axes.axis[axes.count++] = {1, true, true};
  return axes;
}

}  // namespace

BroadcastShape broadcast_shape(BroadcastKind kind, const Shape& y, const Shape& a, const Shape& b) {
  const Axes axes = joined_axes(y, a, b);
  BroadcastShape s{kind, axes.count, {}, {}, {}};
  int64_t step_a = 1, step_b = 1;
  for (int i = axes.count - 1; i >= 0; --i) {
    const Axis& axis = axes.axis[i];
    s.extents[i] = axis.extent;
    s.a[i] = axis.a ? step_a : 0;
    s.b[i] = axis.b ? step_b : 0;
    if (axis.a) step_a *= axis.extent;
    if (axis.b) step_b *= axis.extent;
  }
  return s;
}

namespace {

template <BroadcastKind kind>
void infer_binary(const Site& site, Call& call) {
  const Shape &a = site.shape(0), &b = site.shape(1);
  const Shape y = common_shape(site, "a", a, "b", b);
  call.outputs = {{DType::kFloat32, y}};
  call.flops = static_cast<double>(y.elements());
  call.set(broadcast_shape(kind, y, a, b));
}

void run_binary(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->broadcast(exec, call.get<BroadcastShape>(), in<float>(inputs, 0),
                        in<float>(inputs, 1), out<float>(outputs, 0));
}

Shape shape_named(const Site& site, const char* name) {
  Shape shape;
  for (const int64_t dim : site.attributes.integers(name, {})) shape.append(dim);
  return shape;
}

void infer_to(const Site& site, Call& call) {
  const Shape& x = site.shape(0);
  const Shape y = shape_named(site, "shape");
  require_smaller(site, "x", x, "shape", y);
  call.outputs = {{DType::kFloat32, y}};
  call.set(broadcast_shape(BroadcastKind::kCopy, y, x, Shape{}));
}

void run_to(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->broadcast(exec, call.get<BroadcastShape>(), in<float>(inputs, 0), nullptr,
                        out<float>(outputs, 0));
}

void infer_backward(const Site& site, Call& call) {
  const Shape& dy = site.shape(0);
  const Shape x = shape_named(site, "x_shape"), factor = site.has(1) ? site.shape(1) : Shape{};
  require_smaller(site, "x", x, "dy", dy);
  if (site.has(1)) require_smaller(site, "factor", factor, "dy", dy);
  ReduceShape shape =
      reduced_to_a(ReduceKind::kSum, broadcast_shape(BroadcastKind::kMultiply, dy, x, factor));
  shape.write = site.write();
  call.outputs = {{DType::kFloat32, x}};
  call.workspace = site.table.reduce_workspace(shape);
  call.flops = static_cast<double>(dy.elements()) * (site.has(1) ? 2 : 1);
  call.set(shape);
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->reduce(exec, call.get<ReduceShape>(), in<float>(inputs, 0), in<float>(inputs, 1),
                     out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> broadcast_ops() {
  const OperandRule factor = {"factor", Accepts::kFloat32, true};
  return {
      {"broadcast_add", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kAdd>, run_binary},
      {"broadcast_multiply", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kMultiply>, run_binary},
      {"subtract", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kSubtract>, run_binary},
      {"divide", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kDivide>, run_binary},
      {"maximum", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kMaximum>, run_binary},
      {"minimum", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kMinimum>, run_binary},
      {"share", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kShare>, run_binary},
      {"equal", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kEqual>, run_binary},
      {"less", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kLess>, run_binary},
      {"less_equal", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kLessEqual>, run_binary},
      {"gate", {{"a"}, {"b"}}, infer_binary<BroadcastKind::kGate>, run_binary},
      {"broadcast_to", {{"x"}}, infer_to, run_to},
      {"broadcast_backward", {{"dy"}, factor}, infer_backward, run_backward}};
}

}  // namespace brasa
