#include <limits>

#include "harness.h"
#include "window.h"

namespace brasa::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

Pool2dShape pool(int64_t N, int64_t H, int64_t W, int64_t C, int64_t size, int64_t stride,
                 Pads pads = {0, 0, 0, 0}) {
  Pool2dShape s{N, H, W, C, {}};
  s.window = {size, size, stride, stride, 1, 1, pads.top, pads.bottom, pads.left, pads.right, 0, 0};
  set_outputs(s.window, H, W);
  return s;
}

// Windows that meet, overlap and leave gaps; pads on some sides; wide and tall windows.
std::vector<Pool2dShape> pool_shapes() {
  std::vector<Pool2dShape> shapes;
  for (const int64_t C : {1, 3, 6, 7, 8, 9, 15, 16, 17, 33}) {
    shapes.push_back(pool(3, 6, 8, C, 2, 2));
    shapes.push_back(pool(2, 7, 7, C, 3, 2, {1, 1, 1, 1}));
    shapes.push_back(pool(1, 5, 6, C, 3, 1, {0, 1, 1, 0}));
  }
  for (const int64_t N : {0, 1, 7, 8, 9, 16, 17}) {
    shapes.push_back(pool(N, 10, 10, 6, 2, 2));
    shapes.push_back(pool(N, 9, 7, 5, 2, 3));
  }
  for (const Pads pads : {Pads{0, 0, 0, 0}, Pads{0, 1, 0, 1}, Pads{2, 1, 0, 2}}) {
    for (const int64_t stride : {1, 2, 3, 4}) shapes.push_back(pool(2, 11, 10, 4, 3, stride, pads));
  }
  shapes.push_back(pool(2, 4, 4, 0, 2, 2));
  shapes.push_back(pool(2, 1, 1, 5, 1, 1));
  shapes.push_back(pool(2, 5, 6, 7, 1, 2));
  shapes.push_back(pool(2, 5, 5, 13, 5, 1));  // global
  shapes.push_back(pool(33, 28, 28, 6, 2, 2));
  Pool2dShape uneven = pool(2, 9, 14, 5, 2, 2);
  uneven.window.S = 5;
  uneven.window.stride_h = 1;
  uneven.window.pad_left = 3;
  set_outputs(uneven.window, uneven.H, uneven.W);
  shapes.push_back(uneven);
  return shapes;
}

std::string described(const Pool2dShape& s) {
  const Window2d& w = s.window;
  std::ostringstream text;
  text << "x (" << s.N << "," << s.H << "," << s.W << "," << s.C << ") window " << w.R << "x" << w.S
       << " strides " << w.stride_h << w.stride_w << " pads " << w.pad_top << w.pad_bottom
       << w.pad_left << w.pad_right;
  return text.str();
}

int64_t x_count(const Pool2dShape& s) { return s.N * s.H * s.W * s.C; }
int64_t y_count(const Pool2dShape& s) { return s.N * s.window.P * s.window.Q * s.C; }

// Few different values, so that ties are common; now and then NaN and infinities.
Values values_with_ties(int64_t count, bool special) {
  Values x = random_values(count, 1, -4.f, 4.f);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = std::round(x[i]);
    if (special && i % 13 == 5) x[i] = NAN;
    if (special && i % 3 == 1) x[i] = -kInf;
    if (special && i % 29 == 7) x[i] = kInf;
  }
  return x;
}

struct MaxPool {
  Values y;
  std::vector<int32_t> argmax;
};

MaxPool max_pool(const Run& run, const Pool2dShape& s, const Values& values) {
  const Input<float> x(values);
  const Guarded<float> y(y_count(s));
  const Guarded<int32_t> argmax(y_count(s));
  run(0, [&](const Exec& exec) {
    run.table.max_pool2d_forward(exec, s, x.data(), y.data(), argmax.data());
  });
  return {y.values(), argmax.values()};
}

// One sum for the front ends of both gradients.
template <class Kernel>
Values gradient(const Run& run, const Pool2dShape& s, const Values& dys, const Kernel& kernel) {
  const Input<float> dy(dys);
  const Guarded<float> dx(x_count(s));
  run(0, [&](const Exec& exec) { kernel(exec, dy.data(), dx.data()); });
  return dx.values();
}

BRASA_TEST(max_pool2d_forward_selects_as_the_reference) {
  for (const Pool2dShape& s : pool_shapes()) {
    const Case name(described(s));
    for (const bool special : {false, true}) {
      const Values x = values_with_ties(x_count(s), special);
      check_tables(
          [&](const Run& run) {
            const MaxPool out = max_pool(run, s, x);
            return joined({out.y, Values(out.argmax.begin(), out.argmax.end())});
          },
          kExact);
    }
  }
}

BRASA_TEST(max_pool2d_forward_works_without_argmax) {
  for (const Pool2dShape& s : pool_shapes()) {
    const Case name(described(s));
    const Input<float> x(values_with_ties(x_count(s), true));
    check_tables(
        [&](const Run& run) {
          const Guarded<float> y(y_count(s));
          run(0, [&](const Exec& exec) {
            run.table.max_pool2d_forward(exec, s, x.data(), y.data(), nullptr);
          });
          return y.values();
        },
        kExact);
  }
}

// Exact: the contract gives the order of the float32 sum.
BRASA_TEST(max_pool2d_backward_equals_the_reference) {
  for (const Pool2dShape& s : pool_shapes()) {
    const Case name(described(s));
    const MaxPool out = max_pool(Run{ref::table, 1}, s, values_with_ties(x_count(s), false));
    const Input<int32_t> argmax(out.argmax);
    const Values dy = random_values(y_count(s), 2);
    check_tables(
        [&](const Run& run) {
          return gradient(run, s, dy, [&](const Exec& exec, const float* dys, float* dx) {
            run.table.max_pool2d_backward(exec, s, dys, argmax.data(), dx);
          });
        },
        kExact);
  }
}

BRASA_TEST(average_pool2d_forward_equals_the_reference) {
  for (const Pool2dShape& s : pool_shapes()) {
    const Case name(described(s));
    const Values xs = random_values(x_count(s), 1);
    const auto pooled = [&](const Run& run, const Values& values) {
      const Input<float> x(values);
      const Guarded<float> y(y_count(s));
      run(0,
          [&](const Exec& exec) { run.table.average_pool2d_forward(exec, s, x.data(), y.data()); });
      return y.values();
    };
    // R * S additions; the count's inverse and the product with it round once each.
    const Values means = pooled(Run{ref::table, 1}, absolute(xs));
    const double terms = static_cast<double>(s.window.R * s.window.S + 3);
    check_tables([&](const Run& run) { return pooled(run, xs); },
                 [&](size_t i, float) { return terms * kU * means[i]; });
  }
}

BRASA_TEST(average_pool2d_backward_equals_the_reference) {
  for (const Pool2dShape& s : pool_shapes()) {
    const Case name(described(s));
    const Values dy = random_values(y_count(s), 2);
    const auto spread = [&](const Run& run, const Values& dys) {
      return gradient(run, s, dys, [&](const Exec& exec, const float* from, float* dx) {
        run.table.average_pool2d_backward(exec, s, from, dx);
      });
    };
    // The reference rounds in float32, too: twice the error of a sum over all windows of a pixel.
    const Values sums = spread(Run{ref::table, 1}, absolute(dy));
    const Window2d& w = s.window;
    const double windows = static_cast<double>((w.R + w.stride_h - 1) / w.stride_h *
                                               ((w.S + w.stride_w - 1) / w.stride_w));
    check_tables([&](const Run& run) { return spread(run, dy); },
                 [&](size_t i, float) { return 2 * (windows + 3) * kU * sums[i]; });
  }
}

// By hand: ties go to the first, NaN wins, padding is neither a winner nor counted.
BRASA_TEST(pool2d_reference_gives_the_worked_example) {
  const Run run{ref::table, 1};
  const Pool2dShape s = pool(1, 4, 4, 1, 2, 2);
  const MaxPool out =
      max_pool(run, s, {1, 5, -kInf, -kInf, 5, 2, -kInf, -kInf, 0, NAN, -1, -2, 7, NAN, -3, -1});
  CHECK_EQ(out.y[0], 5.f);
  CHECK_EQ(out.y[1], -kInf);
  CHECK(std::isnan(out.y[2]));
  CHECK_EQ(out.y[3], -1.f);
  CHECK((out.argmax == std::vector<int32_t>{1, 2, 9, 10}));

  const Pool2dShape padded = pool(1, 2, 2, 1, 2, 1, {1, 0, 1, 0});
  const MaxPool negative = max_pool(run, padded, {-1, -2, -3, -4});
  CHECK((negative.y == Values{-1, -1, -1, -1}));
  CHECK((negative.argmax == std::vector<int32_t>{0, 0, 0, 0}));
  const Values dx =
      gradient(run, padded, {8, 8, 8, 8}, [&](const Exec& exec, const float* dy, float* to) {
        ref::table.average_pool2d_backward(exec, padded, dy, to);
      });
  CHECK((dx == Values{8 + 4 + 4 + 2, 4 + 2, 4 + 2, 2}));
}

}  // namespace
}  // namespace brasa::test
