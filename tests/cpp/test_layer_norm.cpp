#include <algorithm>
#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

constexpr float kEpsilon = 1e-3f;

struct Operands {
  Values x, dy, gamma, beta;
};

Operands operands(const LayerNormShape& s) {
  return {random_values(s.rows * s.columns, 1), random_values(s.rows * s.columns, 2),
          random_values(s.columns, 3), random_values(s.columns, 4)};
}

Values forward(const Run& run, const LayerNormShape& s, const Operands& o, bool scaled,
               bool in_place = false) {
  const Input<float> x(o.x), gamma(o.gamma), beta(o.beta);
  const Guarded<float> y = in_place ? Guarded<float>(o.x) : Guarded<float>(s.rows * s.columns);
  const float* from = in_place ? y.data() : x.data();
  run(0, [&](const Exec& exec) {
    run.table.layer_norm(exec, s, from, gamma.data_if(scaled), beta.data_if(scaled), y.data());
  });
  return y.values();
}

Values backward(const Run& run, const LayerNormShape& s, const Operands& o, bool scaled,
                bool in_place = false) {
  const Input<float> x(o.x), dy(o.dy), gamma(o.gamma);
  const Guarded<float> dx = in_place ? Guarded<float>(o.dy) : Guarded<float>(s.rows * s.columns);
  const Guarded<float> dgamma(s.columns), dbeta(s.columns);
  const float* from = in_place ? dx.data() : dy.data();
  run(run.table.layer_norm_backward_workspace(s), [&](const Exec& exec) {
    run.table.layer_norm_backward(exec, s, from, x.data(), gamma.data_if(scaled),
                                  {dx.data(), dgamma.data(), dbeta.data()});
  });
  return joined({dx.values(), dgamma.values(), dbeta.values()});
}

// |x|, |dy|, |gamma|, |beta| <= 1. Two equal elements have a deviation of sqrt(epsilon) at least, and
// no |h| exceeds the root of the columns, or 2 / sqrt(epsilon).
void check_shape(const LayerNormShape& s, bool in_place = false) {
  const Case name("rows ", s.rows, " columns ", s.columns, in_place ? " in place" : "");
  const Operands o = operands(s);
  const double columns = static_cast<double>(s.columns);
  const double most = std::min(std::sqrt(columns), 64.0), steep = 1 / std::sqrt(double{kEpsilon});
  const double terms = std::min(columns, 84 + columns / 512) + 8;
  const double of_h = terms * kU * (1 + 2 * most);
  for (const bool scaled : {false, true}) {
    check_tables([&](const Run& run) { return forward(run, s, o, scaled, in_place); },
                 [&](size_t, float) { return of_h + 2 * kU; });
    const size_t elements = static_cast<size_t>(s.rows * s.columns);
    // dx holds dy, its mean and h times another mean, all over the deviation; a mean of products errs
    // as its sum does.
    const double of_dx = steep * (of_h * (1 + most) + terms * kU * (2 + 2 * most));
    const double rows = static_cast<double>(s.rows);
    const double of_sums = rows * (of_h + (rows + 4) * kU * most);
    check_tables([&](const Run& run) { return backward(run, s, o, scaled, in_place); },
                 [&](size_t i, float) { return i < elements ? of_dx : of_sums; });
  }
}

BRASA_TEST(layer_norm_equals_the_reference) {
  for (const int64_t columns : {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64, 65, 130}) {
    for (const int64_t rows : {0, 1, 2, 16, 17, 65}) check_shape({rows, columns, kEpsilon});
  }
  for (const LayerNormShape& s : {LayerNormShape{3, 2053, kEpsilon}, {150, 20, kEpsilon}}) {
    check_shape(s);
    check_shape(s, true);
  }
  check_shape({17, 33, kEpsilon}, true);
}

BRASA_TEST(layer_norm_of_special_rows) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (const int64_t columns : {2, 8, 21, 70}) {
    const Case name("columns ", columns);
    const LayerNormShape s{20, columns, kEpsilon};
    for (const float special : {NAN, kInf, -kInf, 1e25f}) {
      Operands o = operands(s);
      o.x[static_cast<size_t>(3 * columns)] = special;                 // the first of row 3
      o.x[static_cast<size_t>(18 * columns + columns - 1)] = special;  // the last of row 18
      check_tables([&](const Run& run) { return forward(run, s, o, true); },
                   [&](size_t, float) { return 2000 * kU; });
      check_tables([&](const Run& run) { return backward(run, s, o, true); },
                   [&](size_t, float) { return 3e5 * kU; });
      const Values y = forward(Run{ref::table, 1}, s, o, true);
      for (size_t i = 0; i < y.size(); ++i) {
        const size_t row = i / static_cast<size_t>(columns);
        CHECK(std::isnan(y[i]) == (row == 3 || row == 18));
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test
