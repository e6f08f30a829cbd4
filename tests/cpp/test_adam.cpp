#include "optimizer_case.h"

namespace brasa::test {
namespace {

void check_adam(const AdamShape& s, double lr, double step, const Span& o, bool amsgrad = false) {
  const Case name("count ", s.count, " step ", step, " epsilon ", s.epsilon,
                  amsgrad ? " amsgrad" : "");
  const double scale =
      lr * std::sqrt(1 - std::pow(s.beta_2, step)) / (1 - std::pow(s.beta_1, step));
  const Values want_all = adam(Run{ref::table, 1}, s, lr, step, o, amsgrad);
  const auto bound = [&](size_t i, float want) {
    const size_t count = static_cast<size_t>(s.count), at = i % count;
    const double g = std::abs(double{o.g[at]}), m = std::abs(double{o.m[at]}), v = o.v[at];
    // The new slots: one rounding of the result, four of the term, which is small.
    const double m_error = kU * (2 * (m + g) + 4 * (1 - s.beta_1) * (m + g));
    const double v_error =
        kU * (2 * (v + (1 - s.beta_2) * g * g) + 4 * (1 - s.beta_2) * (g * g + v));
    if (i >= 2 * count) return v_error;
    if (i >= count) return m_error;
    // p: both tables round it; the errors of m and v; sqrt, the sum, the division, the rate.
    const double square = want_all[i + (amsgrad ? 3 : 2) * count];
    const double root = std::sqrt(square) + s.epsilon;
    const double move = scale * std::abs(double{want_all[i + count]}) / root;
    const double v_relative = v_error / std::max(square, 1e-12);
    return 2 * kU * std::abs(double{want}) + scale * m_error / root + move * (8 * kU + v_relative);
  };
  check_tables([&](const Run& run) { return adam(run, s, lr, step, o, amsgrad); }, bound);
}

BRASA_TEST(adam_equals_the_reference) {
  for (const int64_t count : lengths()) {
    check_adam({count, 0.9, 0.999, 1e-7}, 1e-3, 1, span(count));
  }
  for (const double step : {1., 2., 10., 1000., 1e6}) {
    check_adam({129, 0.9, 0.999, 1e-7}, 1e-3, step, span(129));
    check_adam({129, 0.5, 0.9, 1e-3}, 0.1, step, span(129));
    check_adam({129, 0., 0., 1e-7}, 0.1, step, span(129));
  }
}

BRASA_TEST(amsgrad_equals_the_reference) {
  for (const int64_t count : lengths()) {
    check_adam({count, 0.9, 0.999, 1e-7}, 1e-3, 7, span(count), true);
  }
  for (const double step : {1., 1000.})
    check_adam({129, 0.5, 0.9, 1e-3}, 0.1, step, span(129), true);
}

// With a large epsilon: errors of the slots, of the order of what is bounded here, pass as they are. Those of nadam's
// factors of m and g have the size of the factors, which are at most 1 / (1 - beta_1).
BRASA_TEST(adamax_and_nadam_equal_the_reference) {
  const auto check = [](int64_t count, double beta_1, double step, const Shrink& shrink) {
    const Case name("count ", count, " beta_1 ", beta_1, " step ", step, " l1 ", shrink.l1);
    const Span o = span(count);
    constexpr double kRate = 0.125;
    for (const auto which : {&OpTable::adamax_step, &OpTable::nadam_step}) {
      check_tables(
          [&](const Run& run) {
            return like_adam(run, which, {count, beta_1, 0.9, 0.5, shrink}, kRate, step, o);
          },
          [&](size_t i, float want) {
            const size_t at = i % static_cast<size_t>(count);
            const double size = std::abs(double{o.g[at]}) + slope_of(shrink, o.p[at]) +
                                std::abs(double{o.m[at]}) + std::abs(double{o.v[at]}) + 1;
            return kU * (4 * std::abs(want) + 4 * std::abs(double{o.p[at]}) +
                         32 * size * size / (1 - beta_1));
          });
    }
  };
  for (const int64_t count : lengths()) check(count, 0.9, 7, {});
  for (const double step : {1., 2., 10., 300., 9000.}) {
    for (const double beta_1 : {0., 0.9, 0.999}) check(129, beta_1, step, kShrinks[3]);
  }
}

BRASA_TEST(amsgrad_lets_nan_pass_and_forgets_it) {
  Span o = span(33);
  o.g[3] = NAN;
  o.v_hat[5] = NAN;
  check_tables([&](const Run& run) { return adam(run, {33, 0.9, 0.999, 1e-3}, 1e-3, 2, o, true); },
               [&](size_t, float) { return 1e-6; });
}

BRASA_TEST(adam_from_cleared_slots_equals_the_reference) {
  Span o = span(1009);
  o.m.assign(1009, 0.f);
  o.v.assign(1009, 0.f);
  check_adam({1009, 0.9, 0.999, 1e-7}, 1e-3, 1, o);
}

}  // namespace
}  // namespace brasa::test
