#include "ops/crop_flip.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

// [first, last] of an axis, both included.
Places parse_places(const Site& site, const char* name) {
  constexpr int64_t kFar = int64_t{1} << 31;
  const auto ends = site.attributes.integers(name, {0, 0});
  require(ends.size() == 2, site.op, ": ", name,
          " must have 2 entries, the first place and the last, got ", ends.size());
  for (const int64_t end : ends) {
    require(end >= -kFar && end < kFar, site.op, ": ", name, " must be in [-2**31, 2**31), got ",
            end);
  }
  require(ends[0] <= ends[1], site.op, ": ", name, " must not end before it begins, got (", ends[0],
          ", ", ends[1], ")");
  return {ends[0], ends[1] - ends[0] + 1};
}

CropFlipShape shape_of(const Site& site, const Shape& x) {
  const Size size = parse_size(site, x);
  const std::string flip = site.attributes.text("flip", "none");
  const bool both = flip == "horizontal_and_vertical";
  require(both || flip == "horizontal" || flip == "vertical" || flip == "none", site.op,
          ": flip must be 'none', 'horizontal', 'vertical' or 'horizontal_and_vertical', got '",
          flip, "'");
  return {x[0],
          x[1],
          x[2],
          x[3],
          size.P,
          size.Q,
          parse_places(site, "top"),
          parse_places(site, "left"),
          parse_fill(site, x),
          parse_fill_value(site),
          both || flip == "vertical",
          both || flip == "horizontal",
          static_cast<uint32_t>(site.attributes.integer("node", 0))};
}

void set(Call& call, const CropFlipShape& s, const Shape& result) {
  call.outputs = {{DType::kFloat32, result}};
  // A mirrored image goes pixel by pixel.
  call.flops = 8.0 * static_cast<double>(result.elements());
  call.set(s);
}

void infer_forward(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, H, W, C)");
  site.require_shape(1, {2});
  const CropFlipShape s = shape_of(site, site.shape(0));
  set(call, s, {s.N, s.P, s.Q, s.C});
}

void infer_backward(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, P, Q, C)");
  site.require_shape(1, {2});
  const Shape x = shape_attribute(site, "x_shape", 4);
  const CropFlipShape s = shape_of(site, x);
  site.require_shape(0, {s.N, s.P, s.Q, s.C});
  set(call, s, x);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->crop_flip_forward(exec, call.get<CropFlipShape>(), in<int64_t>(inputs, 1),
                                in<float>(inputs, 0), out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->crop_flip_backward(exec, call.get<CropFlipShape>(), in<int64_t>(inputs, 1),
                                 in<float>(inputs, 0), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> crop_flip_ops() {
  const OperandRule state = {"state", Accepts::kInt64};
  return {{"crop_flip", {{"x"}, state}, infer_forward, run_forward},
          {"crop_flip_backward", {{"dy"}, state}, infer_backward, run_backward}};
}

}  // namespace brasa
