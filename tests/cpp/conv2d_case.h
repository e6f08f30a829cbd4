// Shapes and operands of the convolution cases, and the three passes over guarded buffers.
#pragma once

#include <string>

#include "harness.h"
#include "window.h"

namespace brasa::test::conv2d {

constexpr Activation kLinear{ActivationKind::kNone, 0.f};

struct Image {
  int64_t N, H, W, C;
};
struct Filters {
  int64_t K, R, S;
};
struct Steps {
  int64_t stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1, groups = 1;
};

inline Conv2dShape conv(Image x, Filters f, Pads pads = {0, 0, 0, 0}, Steps steps = {}) {
  Conv2dShape s{x.N,  x.H, x.W, x.C, f.K, steps.groups, {}, Write::kSet, kLinear, Winograd::kNever,
                false};
  s.window = {f.R,
              f.S,
              steps.stride_h,
              steps.stride_w,
              steps.dilation_h,
              steps.dilation_w,
              pads.top,
              pads.bottom,
              pads.left,
              pads.right,
              0,
              0};
  set_outputs(s.window, x.H, x.W);
  return s;
}

inline int64_t x_count(const Conv2dShape& s) { return s.N * s.H * s.W * s.C; }
inline int64_t w_count(const Conv2dShape& s) {
  return s.window.R * s.window.S * s.C / s.groups * s.K;
}
inline int64_t y_count(const Conv2dShape& s) { return s.N * s.window.P * s.window.Q * s.K; }

// The operands of all three passes; `before` is what a gradient is added into.
struct Operands {
  Values x, w, b, dy, before_dx, before_dw;
};

inline Operands operands(const Conv2dShape& s) {
  return {random_values(x_count(s), 1), random_values(w_count(s), 2), random_values(s.K, 3),
          random_values(y_count(s), 4), random_values(x_count(s), 5), random_values(w_count(s), 6)};
}

inline Operands magnitudes_of(const Operands& o) {
  return {absolute(o.x),  absolute(o.w),         absolute(o.b),
          absolute(o.dy), absolute(o.before_dx), absolute(o.before_dw)};
}

struct Inputs {
  explicit Inputs(const Operands& o) : x(o.x), w(o.w), b(o.b), dy(o.dy) {}
  Input<float> x, w, b, dy;
};

inline Values forward(const Run& run, const Conv2dShape& s, const Inputs& in, bool with_bias) {
  const Guarded<float> y(y_count(s));
  run(run.table.conv2d_forward_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.conv2d_forward(exec, s, in.x.data(), in.w.data(), in.b.data_if(with_bias), y.data());
  });
  return y.values();
}

// The same from weights that were packed before.
inline Values forward_packed(const Run& run, Conv2dShape s, const Inputs& in, bool with_bias) {
  s.packed = true;
  const Guarded<float> packed(run.table.conv2d_packed_floats(s));
  run(0, [&](const Exec& exec) { run.table.conv2d_pack(exec, s, in.w.data(), packed.data()); });
  const Guarded<float> y(y_count(s));
  run(run.table.conv2d_forward_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.conv2d_forward(exec, s, in.x.data(), packed.data(), in.b.data_if(with_bias),
                             y.data());
  });
  return y.values();
}

// `before` is what the gradient is added into.
inline Values backward_data(const Run& run, const Conv2dShape& s, const Inputs& in,
                            const Values& before) {
  const Guarded<float> dx =
      s.write == Write::kAdd ? Guarded<float>(before) : Guarded<float>(x_count(s));
  run(run.table.conv2d_backward_data_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.conv2d_backward_data(exec, s, in.dy.data(), in.w.data(), dx.data());
  });
  return dx.values();
}

inline Values backward_weight(const Run& run, const Conv2dShape& s, const Inputs& in,
                              const Values& before) {
  const Guarded<float> dw =
      s.write == Write::kAdd ? Guarded<float>(before) : Guarded<float>(w_count(s));
  run(run.table.conv2d_backward_weight_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.conv2d_backward_weight(exec, s, in.dy.data(), in.x.data(), dw.data());
  });
  return dw.values();
}

inline std::string described(const Conv2dShape& s) {
  const Window2d& w = s.window;
  std::ostringstream text;
  text << "x (" << s.N << "," << s.H << "," << s.W << "," << s.C << ") w (" << w.R << "," << w.S
       << "," << s.C / s.groups << "," << s.K << ") strides " << w.stride_h << w.stride_w
       << " dilation " << w.dilation_h << w.dilation_w << " pads " << w.pad_top << w.pad_bottom
       << w.pad_left << w.pad_right << " groups " << s.groups;
  return text.str();
}

}  // namespace brasa::test::conv2d
