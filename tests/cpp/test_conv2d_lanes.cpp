// Against conv2d's reference, whose shapes and operands the cases share.
#include "conv2d_case.h"
#include "lanes_case.h"

namespace brasa::test::conv2d {
namespace {

Conv2dLanesShape lanes_shape(const Run& run, const Conv2dShape& s, bool pool = false) {
  return {lane_groups(run, s.N), s.H,      s.W,  s.C,     s.K,
          run.table.lanes,       s.window, pool, s.write, s.activation};
}

LanesShape image(const Conv2dShape& s, bool repeat) { return {s.N, s.H, s.W, s.C, 0, repeat}; }
LanesShape map(const Conv2dShape& s) { return {s.N, s.window.P, s.window.Q, s.K, 0, false}; }

Values lanes_forward(const Run& run, const Conv2dShape& s, const Operands& o, bool pool) {
  const Conv2dLanesShape shape = lanes_shape(run, s, pool);
  const int64_t side = pool ? 2 : 1;
  LanesShape result = map(s);
  result.H /= side, result.W /= side;
  const int64_t count = shape.G * shape.L * s.K * result.H * result.W;
  const Input<float> x(to_lanes(run, image(s, true), o.x)), w(o.w), b(o.b);
  const Guarded<float> y(count);
  const Guarded<int32_t> argmax(pool ? count : 0);
  run(run.table.conv2d_lanes_forward_workspace(shape, run.threads), [&](const Exec& exec) {
    run.table.conv2d_lanes_forward(exec, shape, x.data(), w.data(), b.data(), y.data(),
                                   pool ? argmax.data() : nullptr);
  });
  return from_lanes(run, result, y.values());
}

Values lanes_backward_data(const Run& run, const Conv2dShape& s, const Operands& o) {
  const Conv2dLanesShape shape = lanes_shape(run, s);
  const Input<float> dy(to_lanes(run, map(s), o.dy)), w(o.w);
  const bool add = s.write == Write::kAdd;
  const Values before = to_lanes(run, image(s, false), o.before_dx);
  const Guarded<float> dx =
      add ? Guarded<float>(before) : Guarded<float>(static_cast<int64_t>(before.size()));
  run(run.table.conv2d_lanes_backward_data_workspace(shape, run.threads), [&](const Exec& exec) {
    run.table.conv2d_lanes_backward_data(exec, shape, {dy.data(), nullptr}, w.data(), dx.data());
  });
  return from_lanes(run, image(s, false), dx.values());
}

Values lanes_backward_weight(const Run& run, const Conv2dShape& s, const Operands& o) {
  const Conv2dLanesShape shape = lanes_shape(run, s);
  const Input<float> dy(to_lanes(run, map(s), o.dy)), x(to_lanes(run, image(s, true), o.x));
  const bool add = s.write == Write::kAdd;
  const Guarded<float> dw = add ? Guarded<float>(o.before_dw) : Guarded<float>(w_count(s));
  run(run.table.conv2d_lanes_backward_weight_workspace(shape, run.threads), [&](const Exec& exec) {
    run.table.conv2d_lanes_backward_weight(exec, shape, {dy.data(), nullptr}, x.data(), dw.data());
  });
  return dw.values();
}

Values lanes_bias_gradient(const Run& run, const Conv2dShape& s, const Operands& o) {
  const BiasGradientLanesShape shape{lane_groups(run, s.N), s.K, s.window.P * s.window.Q,
                                     run.table.lanes, s.write};
  const Input<float> dy(to_lanes(run, map(s), o.dy));
  const Guarded<float> db = s.write == Write::kAdd ? Guarded<float>(o.b) : Guarded<float>(s.K);
  run(0,
      [&](const Exec& exec) { run.table.bias_gradient_lanes(exec, shape, dy.data(), db.data()); });
  return db.values();
}

// Each sum of n float32 terms errs by n u times the sum of absolute terms; the largest of those bounds
// all elements.
void check_against(const Values& got, const Values& want, const Values& sums, int64_t terms) {
  double largest = 0;
  for (const float sum : sums) largest = std::max(largest, static_cast<double>(sum));
  check_close(got, want,
              std::vector<double>(want.size(), static_cast<double>(terms) * kU * largest));
}

void check_lanes(Conv2dShape s) {
  const Case name(described(s));
  const Operands o = operands(s), sizes = magnitudes_of(o);
  const Inputs in(o), in_sizes(sizes);
  const Run ref{ref::table, 1};
  const int64_t taps = s.window.R * s.window.S, pixels = s.N * s.window.P * s.window.Q;
  for (const OpTable* table : available_tables()) {
    for (const int threads : {1, 3}) {
      const Run run{*table, threads};
      const Case where(table->name, " threads ", threads);
      check_against(lanes_forward(run, s, o, false), forward(ref, s, in, true),
                    forward(ref, s, in_sizes, true), taps * s.C + 2);
      check_against(lanes_backward_data(run, s, o), backward_data(ref, s, in, o.before_dx),
                    backward_data(ref, s, in_sizes, sizes.before_dx), taps * s.K + 1);
      check_against(lanes_backward_weight(run, s, o), backward_weight(ref, s, in, o.before_dw),
                    backward_weight(ref, s, in_sizes, sizes.before_dw), pixels + 1);
    }
  }
  if (s.window.P >= 2 && s.window.Q >= 2) {
    check_tables([&](const Run& run) { return lanes_forward(run, s, o, true); },
                 [&](size_t, float) { return static_cast<double>(taps * s.C + 2) * kU * 1e2; });
  }
  check_tables([&](const Run& run) { return lanes_bias_gradient(run, s, o); },
               [&](size_t, float) { return static_cast<double>(pixels + 1) * kU * 1e2; });
}

BRASA_TEST(conv2d_lanes_equals_conv2d) {
  for (const Write write : {Write::kSet, Write::kAdd}) {
    for (const int64_t N : {1, 7, 8, 17, 33}) {
      for (Conv2dShape s :
           {conv({N, 9, 8, 1}, {6, 5, 5}, {2, 2, 2, 2}), conv({N, 7, 6, 6}, {16, 5, 5}),
            conv({N, 5, 6, 3}, {4, 3, 3}, {1, 1, 1, 1})}) {
        s.write = write;
        check_lanes(s);
      }
    }
  }
}

BRASA_TEST(conv2d_lanes_equals_conv2d_for_every_filter_count_and_window) {
  for (const int64_t K : {1, 2, 3, 5, 7, 8, 11, 12, 17}) check_lanes(conv({9, 5, 9, 2}, {K, 3, 3}));
  for (const int64_t S : {1, 2, 4, 6, 7, 11}) {
    for (const Pads pads : {Pads{0, 0, 0, 0}, Pads{1, 0, 4, 5}, Pads{2, 3, 0, 1}}) {
      check_lanes(conv({5, 4, 12, 3}, {5, 2, S}, pads));
    }
  }
}

// One group of images and several; more of them than chunks, and more threads than those.
BRASA_TEST(conv2d_lanes_gives_the_same_bits_to_every_team) {
  for (const int64_t N : {3, 40, 150}) {
    const Conv2dShape s = conv({N, 6, 7, 3}, {7, 3, 5}, {1, 1, 2, 2});
    const Operands o = operands(s);
    const Case name(described(s));
    for (const OpTable* table : available_tables()) {
      const Case where(table->name);
      const Run alone{*table, 1};
      const Values dx = lanes_backward_data(alone, s, o), dw = lanes_backward_weight(alone, s, o);
      for (const int threads : {2, 3, 11}) {
        const Case team(threads, " threads");
        check_same_bits(lanes_backward_data({*table, threads}, s, o), dx);
        check_same_bits(lanes_backward_weight({*table, threads}, s, o), dw);
      }
    }
  }
}

// dw and dx, in lanes.
Values lanes_gradients(const Run& run, const Conv2dShape& s, const Operands& o,
                       const Conv2dLanesShape& shape, const LanesSlope& dy) {
  const Input<float> x(to_lanes(run, image(s, true), o.x)), w(o.w);
  const Guarded<float> dw(w_count(s)), dx(shape.G * s.H * s.W * s.C * shape.L);
  run(run.table.conv2d_lanes_backward_weight_workspace(shape, run.threads), [&](const Exec& exec) {
    run.table.conv2d_lanes_backward_weight(exec, shape, dy, x.data(), dw.data());
  });
  run(run.table.conv2d_lanes_backward_data_workspace(shape, run.threads), [&](const Exec& exec) {
    run.table.conv2d_lanes_backward_data(exec, shape, dy, w.data(), dx.data());
  });
  return joined({dw.values(), dx.values()});
}

// The gradients by a pooled dy, and by what its winners got.
void check_pooled_gradients(const Run& run, const Conv2dShape& s, const Operands& o) {
  const Conv2dLanesShape shape = lanes_shape(run, s, true);
  const int64_t pixels = s.window.P * s.window.Q, pooled = (s.window.P / 2) * (s.window.Q / 2);
  const int64_t planes = shape.G * s.K, count = planes * pooled * shape.L;
  const Values slopes = random_values(count, 12);
  Values expanded(static_cast<size_t>(planes * pixels * shape.L), 0.f);
  const Guarded<int32_t> argmax(count);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t plane = i / (pooled * shape.L), window = i / shape.L % pooled;
    const int64_t corner =
        window / (s.window.Q / 2) * 2 * s.window.Q + window % (s.window.Q / 2) * 2;
    const int64_t won = corner + i % 2 + i / 3 % 2 * s.window.Q;
    argmax.data()[i] = static_cast<int32_t>(won);
    expanded[static_cast<size_t>((plane * pixels + won) * shape.L + i % shape.L)] =
        slopes[static_cast<size_t>(i)];
  }
  const Input<float> dy(slopes), full_dy(expanded);
  check_same_bits(lanes_gradients(run, s, o, shape, {dy.data(), argmax.data()}),
                  lanes_gradients(run, s, o, lanes_shape(run, s), {full_dy.data(), nullptr}));
}

BRASA_TEST(conv2d_lanes_expands_a_pooled_dy) {
  for (const int64_t N : {5, 37}) {
    for (const Conv2dShape& s : {conv({N, 8, 9, 2}, {9, 3, 3}), conv({N, 5, 7, 1}, {5, 2, 4})}) {
      const Operands o = operands(s);
      const Case name(described(s));
      for (const OpTable* table : available_tables()) {
        for (const int threads : {1, 2, 3}) {
          const Case where(table->name, " threads ", threads);
          check_pooled_gradients({*table, threads}, s, o);
        }
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test::conv2d
