#include "ops/pool2d.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

Pool2dShape infer_pool2d(const Site& site, const Shape& x) {
  const char* op = site.op;
  const auto pool = site.attributes.integers("pool_size", {2, 2});
  require(pool.size() == 2, op, ": pool_size must be 1 or 2 whole numbers, got ", pool.size());
  for (const int64_t extent : pool) {
    require(extent >= 1, op, ": pool_size must be >= 1, got ", extent);
  }
  require(x[3] >= 1, op, ": x must have at least one channel, got ", x);
  Pool2dShape s{x[0], x[1], x[2], x[3], infer_window(site, x[1], x[2], pool[0], pool[1])};
  const Window2d& w = s.window;
  require(w.dilation_h == 1 && w.dilation_w == 1, op, ": dilation_rate must be 1");
  const int64_t pad_h = w.pad_top > w.pad_bottom ? w.pad_top : w.pad_bottom;
  const int64_t pad_w = w.pad_left > w.pad_right ? w.pad_left : w.pad_right;
  require(pad_h <= w.R / 2 && pad_w <= w.S / 2, op, ": padding must be at most half the window ",
          "(else a window lies in the padding alone), got ", pad_h, " and ", pad_w,
          " for a window of ", w.R, " x ", w.S);
  require(checked_mul(s.H, s.W, op) <= INT32_MAX, op, ": an image of ", s.H, " x ", s.W,
          " pixels is too large for 32-bit positions");
  return s;
}

Shape output_of(const Pool2dShape& s) { return {s.N, s.window.P, s.window.Q, s.C}; }

double pool_flops(const Pool2dShape& s) {
  return static_cast<double>(output_of(s).elements()) *
         static_cast<double>(s.window.R * s.window.S);
}

void infer_forward(const Site& site, Call& call, bool with_argmax) {
  site.require_rank(0, 4, "(N, H, W, C)");
  const Pool2dShape s = infer_pool2d(site, site.shape(0));
  call.outputs = {{DType::kFloat32, output_of(s)}};
  if (with_argmax) call.outputs.push_back({DType::kInt32, output_of(s)});
  call.flops = pool_flops(s);
  call.set(s);
}

void infer_max(const Site& site, Call& call) { infer_forward(site, call, true); }
void infer_average(const Site& site, Call& call) { infer_forward(site, call, false); }

void infer_backward(const Site& site, Call& call) {
  site.require_rank(0, 4, "(N, P, Q, C)");
  const auto dims = site.attributes.integers("x_shape", {});
  require(dims.size() == 4, site.op, ": x_shape must have 4 extents, got ", dims.size());
  const Shape x{dims[0], dims[1], dims[2], dims[3]};
  const Pool2dShape s = infer_pool2d(site, x);
  for (int input = 0; input < static_cast<int>(site.inputs.size()); ++input) {
    site.require_shape(input, output_of(s));
  }
  call.outputs = {{DType::kFloat32, x}};
  call.flops = pool_flops(s);
  call.set(s);
}

void run_max(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->max_pool2d_forward(exec, call.get<Pool2dShape>(), in<float>(inputs, 0),
                                 out<float>(outputs, 0), out<int32_t>(outputs, 1));
}

void run_max_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->max_pool2d_backward(exec, call.get<Pool2dShape>(), in<float>(inputs, 0),
                                  in<int32_t>(inputs, 1), out<float>(outputs, 0));
}

void run_average(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->average_pool2d_forward(exec, call.get<Pool2dShape>(), in<float>(inputs, 0),
                                     out<float>(outputs, 0));
}

void run_average_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->average_pool2d_backward(exec, call.get<Pool2dShape>(), in<float>(inputs, 0),
                                      out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> pool2d_ops() {
  return {
      {"max_pool2d", {{"x"}}, infer_max, run_max},
      {"max_pool2d_backward",
       {{"dy"}, {"argmax", Accepts::kInt32}},
       infer_backward,
       run_max_backward},
      {"average_pool2d", {{"x"}}, infer_average, run_average},
      {"average_pool2d_backward", {{"dy"}}, infer_backward, run_average_backward},
  };
}

}  // namespace brasa
