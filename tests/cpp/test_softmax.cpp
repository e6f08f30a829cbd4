#include <algorithm>
#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

const std::vector<RowsShape>& shapes() {
  static const std::vector<RowsShape> all = [] {
    std::vector<RowsShape> list;
    for (const int64_t classes : {0, 1, 2, 3, 5, 7, 8, 9, 10, 15, 16, 17, 31, 33, 100, 1009}) {
      for (const int64_t rows : {0, 1, 2, 8, 17, 131}) list.push_back({rows, classes});
    }
    list.push_back({5003, 10});
    return list;
  }();
  return all;
}

Values forward(const Run& run, const RowsShape& s, const Values& xs, bool in_place) {
  const Input<float> x(xs);
  const Guarded<float> y = in_place ? Guarded<float>(xs) : Guarded<float>(s.rows * s.classes);
  const float* from = in_place ? y.data() : x.data();
  run(0, [&](const Exec& exec) { run.table.softmax_forward(exec, s, from, y.data()); });
  return y.values();
}

void check_forward(const RowsShape& s, float range) {
  const Case name("rows ", s.rows, " classes ", s.classes, " range ", range);
  const Values x = random_values(s.rows * s.classes, 1, -range, range);
  // Relative: x - max rounds to u * 2 * range, which exp turns into a relative error, in the term
  // and in the sum; exp itself 4 units in the last place each time; the sum, the division.
  const double error = (static_cast<double>(s.classes) + 4.0 * range + 18) * kU;
  for (const bool in_place : {false, true}) {
    check_tables([&](const Run& run) { return forward(run, s, x, in_place); },
                 [&](size_t, float want) { return error * want + kTiny; });
  }
}

BRASA_TEST(softmax_forward_equals_the_reference) {
  for (const RowsShape& s : shapes()) check_forward(s, 3.f);
  for (const float range : {0.f, 1e-6f, 40.f, 80.f, 1e4f, 1e38f}) check_forward({9, 13}, range);
}

BRASA_TEST(softmax_forward_of_special_rows) {
  for (const int64_t classes : {1, 3, 8, 16, 21}) {
    const Case name("classes ", classes);
    for (const float special : {NAN, kInf, -kInf}) {
      Values x = random_values(5 * classes, 1);
      x[static_cast<size_t>(2 * classes)] = special;           // one of row 2
      std::fill_n(x.begin() + 3 * classes, classes, special);  // all of row 3
      const double error = (static_cast<double>(classes) + 22) * kU;
      check_tables([&](const Run& run) { return forward(run, {5, classes}, x, false); },
                   [&](size_t, float want) { return error * want + kTiny; });
    }
  }
}

enum class Alias { kNone, kDy };

void check_backward(const RowsShape& s, Alias alias) {
  const Case name("rows ", s.rows, " classes ", s.classes, alias == Alias::kDy ? " in place" : "");
  const Values ys =
      forward(Run{ref::table, 1}, s, random_values(s.rows * s.classes, 1, -3.f, 3.f), false);
  const Values dys = random_values(s.rows * s.classes, 2);
  const Input<float> y(ys), dy(dys);
  const auto produce = [&](const Run& run) {
    const Guarded<float> dx =
        alias == Alias::kDy ? Guarded<float>(dys) : Guarded<float>(s.rows * s.classes);
    const float* from = alias == Alias::kDy ? dx.data() : dy.data();
    run(0,
        [&](const Exec& exec) { run.table.softmax_backward(exec, s, from, y.data(), dx.data()); });
    return dx.values();
  };
  // |dy| < 1 and sum y = 1: the inner sum of `classes` products errs by (classes + 1) u at most.
  const double error = (static_cast<double>(s.classes) + 4) * kU * 2;
  check_tables(produce, [&](size_t i, float) { return error * ys[i]; });
}

BRASA_TEST(softmax_backward_equals_the_reference) {
  for (const RowsShape& s : shapes()) {
    check_backward(s, Alias::kNone);
    check_backward(s, Alias::kDy);
  }
}

BRASA_TEST(softmax_reference_gives_the_worked_example) {
  const Values y = forward(Run{ref::table, 1}, {1, 3}, {0.f, std::log(2.f), std::log(5.f)}, false);
  CHECK(std::abs(y[0] - 0.125f) < 2e-7f);
  CHECK(std::abs(y[1] - 0.25f) < 2e-7f);
  CHECK(std::abs(y[2] - 0.625f) < 2e-7f);
}

Values log_forward(const Run& run, const RowsShape& s, const Values& xs, bool in_place) {
  const Input<float> x(xs);
  const Guarded<float> y = in_place ? Guarded<float>(xs) : Guarded<float>(s.rows * s.classes);
  const float* from = in_place ? y.data() : x.data();
  run(0, [&](const Exec& exec) { run.table.log_softmax_forward(exec, s, from, y.data()); });
  return y.values();
}

// |y| is below 2 * range + ln(classes), and so is what it is the difference of.
BRASA_TEST(log_softmax_forward_equals_the_reference) {
  for (const RowsShape& s : shapes()) {
    for (const float range : {3.f, 300.f}) {
      if (range > 3.f && s.rows != 17) continue;
      const Case name("rows ", s.rows, " classes ", s.classes, " range ", range);
      const Values x = random_values(s.rows * s.classes, 1, -range, range);
      const double size = 4.0 * range + 2 * std::log(1.0 + static_cast<double>(s.classes));
      for (const bool in_place : {false, true}) {
        check_tables([&](const Run& run) { return log_forward(run, s, x, in_place); },
                     [&](size_t, float) { return (4 * size + 16) * kU; });
      }
    }
  }
  for (const int64_t classes : {1, 3, 8, 21, 40}) {
    for (const float special : {NAN, kInf, -kInf}) {
      const Case name("classes ", classes, " special ", special);
      Values x = random_values(5 * classes, 1);
      x[static_cast<size_t>(2 * classes)] = special;
      std::fill_n(x.begin() + 3 * classes, classes, special);
      check_tables([&](const Run& run) { return log_forward(run, {5, classes}, x, false); },
                   [&](size_t, float want) { return std::isinf(want) ? 0 : 64 * kU; });
    }
  }
}

BRASA_TEST(log_softmax_backward_equals_the_reference) {
  for (const RowsShape& s : shapes()) {
    for (const bool in_place : {false, true}) {
      const Case name("rows ", s.rows, " classes ", s.classes, in_place ? " in place" : "");
      const auto count = s.rows * s.classes;
      const Values ys =
          log_forward(Run{ref::table, 1}, s, random_values(count, 1, -3.f, 3.f), false);
      const Values dys = random_values(count, 2);
      const Input<float> y(ys), dy(dys);
      const auto produce = [&](const Run& run) {
        const Guarded<float> dx = in_place ? Guarded<float>(dys) : Guarded<float>(count);
        const float* from = in_place ? dx.data() : dy.data();
        run(0, [&](const Exec& exec) {
          run.table.log_softmax_backward(exec, s, from, y.data(), dx.data());
        });
        return dx.values();
      };
      // |dy| < 1: their sum errs by classes^2 u at most, and is multiplied by exp(y).
      const auto classes = static_cast<double>(s.classes);
      check_tables(produce, [&](size_t i, float) {
        return (std::exp(ys[i]) * classes * (classes + 8) + 2) * kU;
      });
    }
  }
}

}  // namespace
}  // namespace brasa::test
