#include "ops/warp2d.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

constexpr double kMost = 0x1p20;                   // of a factor, and of an angle in turns
constexpr int64_t kMostPixels = int64_t{1} << 24;  // in height or width, as the contract assumes

// Attributes NAME_low and NAME_high, both `fallback` where they are absent.
Bounds parse_bounds(const Site& site, const char* name, double fallback, double least) {
  const std::string stem = name;
  const Bounds bounds = {site.attributes.number((stem + "_low").c_str(), fallback),
                         site.attributes.number((stem + "_high").c_str(), fallback)};
  for (const double end : {bounds.low, bounds.high}) {
    require(end >= least && end <= kMost, site.op, ": ", name, " must be in [", least, ", ", kMost,
            "], got ", end);
  }
  require(bounds.low <= bounds.high, site.op, ": ", name, " must not end before it begins, got (",
          bounds.low, ", ", bounds.high, ")");
  require(bounds.low == bounds.high || site.has(1), site.op,
          ": state is missing, the numbers that draw ", name, " between ", bounds.low, " and ",
          bounds.high);
  return bounds;
}

bool parse_nearest(const Site& site) {
  const std::string way = site.attributes.text("interpolation", "bilinear");
  require(way == "bilinear" || way == "nearest", site.op,
          ": interpolation must be 'bilinear' or 'nearest', got '", way, "'");
  return way == "nearest";
}

Warp2dShape shape_of(const Site& site, const Shape& x) {
  if (site.has(1)) site.require_shape(1, {2});
  const Size size = parse_size(site, x);
  for (const int64_t extent : {x[1], x[2], size.P, size.Q}) {
    require(extent <= kMostPixels, site.op, ": height and width must be at most ", kMostPixels,
            ", got ", extent);
  }
  return {x[0],
          x[1],
          x[2],
          x[3],
          size.P,
          size.Q,
          parse_bounds(site, "angle", 0, -kMost),
          parse_bounds(site, "height", 1, 1 / kMost),
          parse_bounds(site, "width", 1, 1 / kMost),
          site.attributes.flag("one_zoom"),
          parse_nearest(site),
          parse_fill(site, x),
          parse_fill_value(site),
          static_cast<uint32_t>(site.attributes.integer("node", 0))};
}

void set(Call& call, const Warp2dShape& s, const Shape& result) {
  call.outputs = {{DType::kFloat32, result}};
  // Where a pixel comes from, and four products for each of its channels.
  call.flops = static_cast<double>(s.N * s.P * s.Q) * (60.0 + 8.0 * static_cast<double>(s.C));
  call.set(s);
}

void infer_forward(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, H, W, C)");
  const Warp2dShape s = shape_of(site, site.shape(0));
  set(call, s, {s.N, s.P, s.Q, s.C});
}

void infer_backward(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, P, Q, C)");
  const Shape x = shape_attribute(site, "x_shape", 4);
  const Warp2dShape s = shape_of(site, x);
  site.require_shape(0, {s.N, s.P, s.Q, s.C});
  set(call, s, x);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->warp2d_forward(exec, call.get<Warp2dShape>(), in<int64_t>(inputs, 1),
                             in<float>(inputs, 0), out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->warp2d_backward(exec, call.get<Warp2dShape>(), in<int64_t>(inputs, 1),
                              in<float>(inputs, 0), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> warp2d_ops() {
  const OperandRule state = {"state", Accepts::kInt64, true};
  return {{"warp2d", {{"x"}, state}, infer_forward, run_forward},
          {"warp2d_backward", {{"dy"}, state}, infer_backward, run_backward}};
}

}  // namespace brasa
