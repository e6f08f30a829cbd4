#include "ops/transpose.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

static_assert(kTransposeRank == kMaxRank);

// Which axis of x each axis of y is.
std::vector<int> parse_axes(const Site& site, int rank) {
  const auto given = site.attributes.integers("axes", {});
  require(static_cast<int>(given.size()) == rank, site.op, ": axes must name each of the ", rank,
          " axes of ", site.shape(0), " once, got ", given.size(), " of them");
  std::vector<int> axes;
  bool seen[kMaxRank] = {};
  for (const int64_t axis : given) {
    require(axis >= -rank && axis < rank, site.op, ": axes must lie in [", -rank, ", ", rank,
            "), got ", axis);
    const int own = static_cast<int>(axis < 0 ? axis + rank : axis);
    require(!seen[own], site.op, ": axes must name each axis once, got ", axis, " again");
    seen[own] = true;
    axes.push_back(own);
  }
  return axes;
}

TransposeShape shape_of(const Shape& x, const std::vector<int>& axes) {
  TransposeShape s{0, {}, {}};
  int last = -1;  // the axis of x that the last one of s ends with, or one of extent 1 behind it
  for (const int axis : axes) {
    if (x[axis] == 1) continue;
    int next = last + 1;
    while (next < axis && x[next] == 1) ++next;
    if (s.rank > 0 && next == axis) {
      s.extents[s.rank - 1] *= x[axis];
      s.strides[s.rank - 1] = x.elements(axis + 1, x.rank());
    } else {
      s.extents[s.rank] = x[axis];
      s.strides[s.rank++] = x.elements(axis + 1, x.rank());
    }
    last = axis;
  }
  if (s.rank == 0) s = {1, {1}, {1}};
  return s;
}

void infer_transpose(const Site& site, Call& call) {
  const Shape& x = site.shape(0);
  const std::vector<int> axes = parse_axes(site, x.rank());
  Shape y;
  for (const int axis : axes) y.append(x[axis]);
  call.outputs = {{DType::kFloat32, y}};
  call.flops = static_cast<double>(x.elements());
  call.set(shape_of(x, axes));
}

void run_transpose(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->transpose(exec, call.get<TransposeShape>(), in<float>(inputs, 0),
                        out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> transpose_ops() { return {{"transpose", {{"x"}}, infer_transpose, run_transpose}}; }

}  // namespace brasa
