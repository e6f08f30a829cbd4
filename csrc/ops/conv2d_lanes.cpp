#include "ops/conv2d_lanes.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

double conv_flops(const Conv2dLanesShape& s) {
  return 2.0 * static_cast<double>(s.G * s.L * s.window.P * s.window.Q) *
         static_cast<double>(s.window.R * s.window.S * s.C * s.K);
}

Conv2dLanesShape infer_conv(const Site& site, const Shape& x, const Shape& w, bool pool) {
  const char* op = site.op;
  require(x[4] == site.table.lanes, op, ": x must have ", site.table.lanes, " lanes, got ", x);
  require(w[2] == x[1] && x[1] >= 1 && w[3] >= 1, op, ": w ", w, " does not fit x ", x,
          " in (G, C, H, W, L)");
  Conv2dLanesShape s{};
  s.G = x[0], s.C = x[1], s.H = x[2], s.W = x[3], s.L = x[4], s.K = w[3];
  s.window = infer_window(site, s.H, s.W, w[0], w[1]);
  const Window2d& win = s.window;
  require(win.stride_h == 1 && win.stride_w == 1 && win.dilation_h == 1 && win.dilation_w == 1, op,
          ": strides and dilation_rate must be 1");
  s.pool = pool;
  require(!s.pool || (win.P >= 2 && win.Q >= 2), op, ": nothing to pool in ", win.P, " x ", win.Q);
  s.write = site.write();
  s.activation = parse_activation(site);
  return s;
}

Shape output_of(const Conv2dLanesShape& s) {
  const int64_t side = s.pool ? 2 : 1;
  return {s.G, s.K, s.window.P / side, s.window.Q / side, s.L};
}

// dy, and argmax where it is given.
void require_slope(const Site& site, const Conv2dLanesShape& s) {
  site.require_shape(0, output_of(s));
  if (s.pool) site.require_shape(2, output_of(s));
}

void infer_forward(const Site& site, Call& call) {
  site.require_rank(0, 5, "(G, C, H, W, L)");
  site.require_rank(1, 4, "(R, S, C, K)");
  const bool pool = site.attributes.flag("pool");
  const Conv2dLanesShape s = infer_conv(site, site.shape(0), site.shape(1), pool);
  if (site.has(2)) site.require_shape(2, {s.K});
  call.outputs = {{DType::kFloat32, output_of(s)}};
  if (s.pool) call.outputs.push_back({DType::kInt32, output_of(s)});
  call.flops = conv_flops(s);
  call.workspace = site.table.conv2d_lanes_forward_workspace(s, site.threads);
  call.set(s);
}

void infer_backward_data(const Site& site, Call& call) {
  site.require_rank(0, 5, "(G, K, P, Q, L)");
  site.require_rank(1, 4, "(R, S, C, K)");
  const Shape x = shape_attribute(site, "x_shape", 5);
  const Conv2dLanesShape s = infer_conv(site, x, site.shape(1), site.has(2));
  require_slope(site, s);
  call.outputs = {{DType::kFloat32, x}};
  call.flops = conv_flops(s);
  call.workspace = site.table.conv2d_lanes_backward_data_workspace(s, site.threads);
  call.set(s);
}

void infer_backward_weight(const Site& site, Call& call) {
  site.require_rank(0, 5, "(G, K, P, Q, L)");
  site.require_rank(1, 5, "(G, C, H, W, L)");
  const Shape w = shape_attribute(site, "w_shape", 4);
  const Conv2dLanesShape s = infer_conv(site, site.shape(1), w, site.has(2));
  require_slope(site, s);
  call.outputs = {{DType::kFloat32, w}};
  call.flops = conv_flops(s);
  call.workspace = site.table.conv2d_lanes_backward_weight_workspace(s, site.threads);
  call.set(s);
}

void infer_bias(const Site& site, Call& call) {
  site.require_rank(0, 5, "(G, K, P, Q, L)");
  const Shape& dy = site.shape(0);
  const BiasGradientLanesShape s{dy[0], dy[1], dy[2] * dy[3], dy[4], site.write()};
  call.outputs = {{DType::kFloat32, {s.K}}};
  call.flops = static_cast<double>(dy.elements());
  call.set(s);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<Conv2dLanesShape>();
  exec.table->conv2d_lanes_forward(exec, shape, in<float>(inputs, 0), in<float>(inputs, 1),
                                   in<float>(inputs, 2), out<float>(outputs, 0),
                                   shape.pool ? out<int32_t>(outputs, 1) : nullptr);
}

LanesSlope slope(Inputs inputs) { return {in<float>(inputs, 0), in<int32_t>(inputs, 2)}; }

void run_backward_data(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->conv2d_lanes_backward_data(exec, call.get<Conv2dLanesShape>(), slope(inputs),
                                         in<float>(inputs, 1), out<float>(outputs, 0));
}

void run_backward_weight(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->conv2d_lanes_backward_weight(exec, call.get<Conv2dLanesShape>(), slope(inputs),
                                           in<float>(inputs, 1), out<float>(outputs, 0));
}

void run_bias(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->bias_gradient_lanes(exec, call.get<BiasGradientLanesShape>(), in<float>(inputs, 0),
                                  out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> conv2d_lanes_ops() {
  return {
      {"conv2d_lanes", {{"x"}, {"w"}, {"b", Accepts::kFloat32, true}}, infer_forward, run_forward},
      {"conv2d_lanes_backward_data",
       {{"dy"}, {"w"}, {"argmax", Accepts::kInt32, true}},
       infer_backward_data,
       run_backward_data},
      {"conv2d_lanes_backward_weight",
       {{"dy"}, {"x"}, {"argmax", Accepts::kInt32, true}},
       infer_backward_weight,
       run_backward_weight},
      {"bias_gradient_lanes", {{"dy"}}, infer_bias, run_bias},
  };
}

}  // namespace brasa
