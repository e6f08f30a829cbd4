#include "ops/conv2d.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

double conv_flops(const Conv2dShape& s) {
  return 2.0 * static_cast<double>(s.N * s.window.P * s.window.Q) *
         static_cast<double>(s.window.R * s.window.S * (s.C / s.groups) * s.K);
}

// From the shapes of image and filters, whichever pass asks.
Conv2dShape infer_conv2d(const Site& site, const Shape& x, const Shape& w) {
  const char* op = site.op;
  const int64_t groups = site.attributes.integer("groups", 1);
  const int64_t C = x[3], K = w[3];
  require(C >= 1, op, ": x must have at least one channel, got ", x);
  require(K >= 1, op, ": w must hold at least one filter, got ", w);
  require(groups >= 1, op, ": groups must be >= 1, got ", groups);
  require(C % groups == 0, op, ": groups must divide the ", C, " input channels, got ", groups);
  require(K % groups == 0, op, ": groups must divide the ", K, " filters, got ", groups);
  require(w[2] == C / groups, op, ": w expects ", w[2] * groups, " input channels, x has ", C,
          ".  x ", x, " in (N,H,W,C), w ", w, " in (R,S,C/groups,K), groups ", groups,
          ". Check the input layout: brasa is channels-last.");
  Conv2dShape s{};
  s.N = x[0], s.H = x[1], s.W = x[2], s.C = C, s.K = K, s.groups = groups;
  s.window = infer_window(site, s.H, s.W, w[0], w[1]);
  s.write = site.write();
  s.activation = parse_activation(site);
  s.winograd = winograd();
  s.precision = parse_precision(site);
  if (groups > 1) s.precision = Precision::kFloat32;
  return s;
}

Conv2dShape infer_packed(const Site& site, const Shape& x) {
  Conv2dShape s = infer_conv2d(site, x, shape_attribute(site, "w_shape", 4));
  require(s.precision == Precision::kFloat32, site.op, ": packed weights are float32's, got ",
          kPrecisionNames[static_cast<int>(s.precision)]);
  s.packed = true;
  return s;
}

Shape output_of(const Conv2dShape& s) { return {s.N, s.window.P, s.window.Q, s.K}; }

void infer_forward(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, H, W, C)");
  Conv2dShape s;
  if (site.attributes.flag("packed")) {
    s = infer_packed(site, site.shape(0));
    site.require_shape(1, {site.table.conv2d_packed_floats(s)});
  } else {
    site.require_rank(1, 4, "(R, S, C/groups, K)");
    s = infer_conv2d(site, site.shape(0), site.shape(1));
  }
  if (site.has(2)) site.require_shape(2, {s.K});
  call.outputs = {{DType::kFloat32, output_of(s)}};
  call.outputs[0].bytes();
  call.flops = conv_flops(s);
  const auto workspace = kernel_of(site.table, s.precision, &OpTable::conv2d_forward_workspace,
                                   &ReducedProducts::conv2d_forward_workspace);
  call.workspace = workspace(s, site.threads);
  call.set(s);
}

// Its attributes are those of the conv2d that will read what it writes, and the shape of x.
void infer_pack(const Site& site, Call& call) {
  const Conv2dShape s = infer_packed(site, shape_attribute(site, "x_shape", 4));
  site.require_shape(0, shape_attribute(site, "w_shape", 4));
  call.outputs = {{DType::kFloat32, {site.table.conv2d_packed_floats(s)}}};
  call.set(s);
}

void infer_backward_data(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, P, Q, K)");
  site.require_rank(1, 4, "(R, S, C/groups, K)");
  const Shape x = shape_attribute(site, "x_shape", 4);
  const Conv2dShape s = infer_conv2d(site, x, site.shape(1));
  site.require_shape(0, output_of(s));
  call.outputs = {{DType::kFloat32, x}};
  call.flops = conv_flops(s);
  const auto workspace =
      kernel_of(site.table, s.precision, &OpTable::conv2d_backward_data_workspace,
                &ReducedProducts::conv2d_backward_data_workspace);
  call.workspace = workspace(s, site.threads);
  call.set(s);
}

void infer_backward_weight(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, P, Q, K)");
  site.require_rank(1, 4, "(N, H, W, C)");
  const Shape w = shape_attribute(site, "w_shape", 4);
  const Conv2dShape s = infer_conv2d(site, site.shape(1), w);
  site.require_shape(0, output_of(s));
  call.outputs = {{DType::kFloat32, w}};
  call.flops = conv_flops(s);
  const auto workspace =
      kernel_of(site.table, s.precision, &OpTable::conv2d_backward_weight_workspace,
                &ReducedProducts::conv2d_backward_weight_workspace);
  call.workspace = workspace(s, site.threads);
  call.set(s);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<Conv2dShape>();
  const auto forward = kernel_of(*exec.table, s.precision, &OpTable::conv2d_forward,
                                 &ReducedProducts::conv2d_forward);
  forward(exec, s, in<float>(inputs, 0), in<float>(inputs, 1), in<float>(inputs, 2),
          out<float>(outputs, 0));
}

void run_pack(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->conv2d_pack(exec, call.get<Conv2dShape>(), in<float>(inputs, 0),
                          out<float>(outputs, 0));
}

void run_backward_data(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<Conv2dShape>();
  const auto backward = kernel_of(*exec.table, s.precision, &OpTable::conv2d_backward_data,
                                  &ReducedProducts::conv2d_backward_data);
  backward(exec, s, in<float>(inputs, 0), in<float>(inputs, 1), out<float>(outputs, 0));
}

void run_backward_weight(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<Conv2dShape>();
  const auto backward = kernel_of(*exec.table, s.precision, &OpTable::conv2d_backward_weight,
                                  &ReducedProducts::conv2d_backward_weight);
  backward(exec, s, in<float>(inputs, 0), in<float>(inputs, 1), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> conv2d_ops() {
  return {
      {"conv2d", {{"x"}, {"w"}, {"b", Accepts::kFloat32, true}}, infer_forward, run_forward},
      {"conv2d_pack", {{"w"}}, infer_pack, run_pack},
      {"conv2d_backward_data", {{"dy"}, {"w"}}, infer_backward_data, run_backward_data},
      {"conv2d_backward_weight", {{"dy"}, {"x"}}, infer_backward_weight, run_backward_weight},
  };
}

}  // namespace brasa
