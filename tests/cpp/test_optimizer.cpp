#include "optimizer_case.h"

namespace brasa::test {
namespace {

void check_sgd(const SgdShape& s, bool with_velocity) {
  const Case name("count ", s.count, " momentum ", s.momentum, s.nesterov ? " nesterov" : "",
                  with_velocity ? "" : " no velocity");
  constexpr double kRate = 0.0123;
  const Span o = span(s.count);
  // v and p: the rate, up to three products and two sums, each of at most this size.
  check_tables([&](const Run& run) { return sgd(run, s, kRate, o, with_velocity); },
               [&](size_t i, float want) {
                 const size_t at = i % static_cast<size_t>(s.count);
                 const double move =
                     s.momentum * std::abs(double{o.v[at]}) + 2 * kRate * std::abs(double{o.g[at]});
                 return kU * (2 * std::abs(want) + 6 * move);
               });
}

BRASA_TEST(sgd_equals_the_reference) {
  for (const int64_t count : lengths()) {
    check_sgd({count, 0.f, false}, false);
    check_sgd({count, 0.9f, false}, true);
    check_sgd({count, 0.9f, true}, true);
  }
  check_sgd({33, 0.f, true}, false);
  check_sgd({33, 0.f, false}, true);
}

BRASA_TEST(sgd_and_adam_shrink_as_the_reference_does) {
  for (const int64_t count : lengths()) {
    const Span o = span(count);
    for (const Shrink& shrink : kShrinks) {
      const Case name("count ", count, " decay ", shrink.weight_decay, " l1 ", shrink.l1);
      constexpr double kRate = 0.0625;
      const auto size = [&](size_t i) {
        const size_t at = i % static_cast<size_t>(count);
        return std::abs(double{o.g[at]}) + slope_of(shrink, o.p[at]) + std::abs(double{o.p[at]}) +
               std::abs(double{o.v[at]}) + std::abs(double{o.m[at]});
      };
      check_tables(
          [&](const Run& run) { return sgd(run, {count, 0.9f, true, shrink}, kRate, o, true); },
          [&](size_t i, float) { return 12 * kU * size(i); });
      // epsilon is large: an error of v makes one of at most a few times its size.
      check_tables(
          [&](const Run& run) { return adam(run, {count, 0.9, 0.999, 0.5, shrink}, kRate, 9, o); },
          [&](size_t i, float) { return 24 * kU * size(i) * (1 + size(i)); });
    }
  }
}

// With such an epsilon the root is no smaller than a half, and errors of v, of the order of what is
// bounded here, pass through it as they are.
constexpr double kLargeEpsilon = 0.25;

BRASA_TEST(rmsprop_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Span o = span(count);
    for (const Shrink& shrink : {Shrink{}, kShrinks[3]}) {
      for (const int kind : {0, 1, 2, 3}) {
        const bool moves = (kind & 1) != 0, centered = (kind & 2) != 0;
        const Case name("count ", count, moves ? " momentum" : "", centered ? " centered" : "");
        const RmspropShape s{count, 0.8, moves ? 0.9 : 0., kLargeEpsilon, shrink};
        check_tables([&](const Run& run) { return rmsprop(run, s, 0.125, o, moves, centered); },
                     [&](size_t i, float want) {
                       const size_t at = i % static_cast<size_t>(count);
                       const double g = std::abs(double{o.g[at]}) + slope_of(s.shrink, o.p[at]) + 1;
                       return kU * (2 * std::abs(want) + 16 * g * g * g);
                     });
      }
    }
  }
}

BRASA_TEST(adagrad_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Span o = span(count);
    for (const Shrink& shrink : {Shrink{}, kShrinks[3]}) {
      const Case name("count ", count, " l2 ", shrink.l2);
      check_tables(
          [&](const Run& run) { return adagrad(run, {count, kLargeEpsilon, shrink}, 0.125, o); },
          [&](size_t i, float want) {
            const size_t at = i % static_cast<size_t>(count);
            const double g = std::abs(double{o.g[at]}) + slope_of(shrink, o.p[at]) + 1;
            return kU * (2 * std::abs(want) + 16 * g * g * g);
          });
    }
  }
}

BRASA_TEST(adadelta_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Span o = span(count);
    for (const Shrink& shrink : {Shrink{}, kShrinks[3]}) {
      const Case name("count ", count, " l2 ", shrink.l2);
      const AdadeltaShape s{count, 0.8, kLargeEpsilon, shrink};
      check_tables([&](const Run& run) { return adadelta(run, s, 0.125, o); },
                   [&](size_t i, float want) {
                     const size_t at = i % static_cast<size_t>(count);
                     const double g = std::abs(double{o.g[at]}) + slope_of(shrink, o.p[at]) + 1;
                     return kU * (2 * std::abs(want) + 32 * g * g * g);
                   });
    }
  }
}

BRASA_TEST(lion_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Span o = span(count);
    for (const Shrink& shrink : {Shrink{}, kShrinks[3]}) {
      const Case name("count ", count, " l2 ", shrink.l2);
      constexpr double kRate = 0.125;
      check_tables([&](const Run& run) { return lion(run, {count, 0.8, 0.9, shrink}, kRate, o); },
                   [&](size_t i, float want) {
                     const size_t at = i % static_cast<size_t>(count);
                     const double p = o.p[at], m = o.m[at], g = o.g[at];
                     const double slope = shrink.l1 * (p > 0 ? 1 : -1) + 2 * shrink.l2 * p;
                     const double size = std::abs(g) + slope_of(shrink, p) + std::abs(m);
                     // Where the sum is 0 but for rounding, its sign is anyone's.
                     const bool even = std::abs(m + 0.2 * (g + slope - m)) < 8 * kU * size;
                     return kU * (4 * std::abs(want) + 8 * size + 4 * std::abs(p)) +
                            (even ? 2 * kRate : 0);
                   });
    }
  }
}

// v - a^2 of a gradient that stays the same is 0 but for rounding, which may fall below it.
BRASA_TEST(centered_rmsprop_takes_a_variance_below_zero_for_zero) {
  constexpr int64_t kCount = 21;
  Span o{Values(kCount, 100.f), Values(kCount, 1.f), Values(kCount, 100.f),
         Values(kCount, 9999.99f)};
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Values got = rmsprop({*table, 1}, {kCount, 0.999, 0, 1e-2}, 1e-3, o, false, true);
    for (size_t i = 0; i < kCount; ++i) CHECK(std::abs(got[i]) < 1e-5f);  // 1 - 1e-3 * 100 / 0.1
    o.g[3] = NAN;
    CHECK(std::isnan(rmsprop({*table, 1}, {kCount, 0.9, 0, 1e-2}, 1e-3, o, false, true)[3]));
    o.g[3] = 100.f;
  }
}

BRASA_TEST(optimizers_leave_p_without_a_gradient) {
  constexpr int64_t kCount = 21;
  Span o = span(kCount);
  for (Values* zeros : {&o.g, &o.m, &o.v}) zeros->assign(kCount, 0.f);
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Run run{*table, 1};
    const Values want = joined({o.p, Values(kCount, 0.f)});
    CHECK(sgd(run, {kCount, 0.9f, false}, 0.1, o, true) == want);
    CHECK(sgd(run, {kCount, 0.9f, true}, 0.1, o, true) == want);
    CHECK(adam(run, {kCount, 0.9, 0.999, 1e-7}, 0.1, 1, o) == joined({want, Values(kCount, 0.f)}));
    CHECK(rmsprop(run, {kCount, 0.9, 0.9, 1e-7}, 0.1, o, true, true) ==
          joined({want, Values(2 * kCount, 0.f)}));
    CHECK(adagrad(run, {kCount, 1e-7}, 0.1, o) == want);
    CHECK(lion(run, {kCount, 0.9, 0.99}, 0.1, o) == want);
    const Values three = joined({want, Values(kCount, 0.f)});
    for (const auto step : {&OpTable::adamax_step, &OpTable::nadam_step}) {
      CHECK(like_adam(run, step, {kCount, 0.9, 0.999, 1e-7}, 0.1, 1, o) == three);
    }
    o.v_hat.assign(kCount, 0.f);
    CHECK(adadelta(run, {kCount, 0.95, 1e-7}, 0.1, o) == three);
  }
}

BRASA_TEST(optimizers_pass_nan_on) {
  constexpr int64_t kCount = 21;
  for (size_t bad = 0; bad < kCount; bad += 4) {
    Span o = span(kCount);
    o.g[bad] = NAN;
    for (const OpTable* table : available_tables()) {
      const Case name(table->name, " element ", bad);
      const Run run{*table, 1};
      const Values by_sgd = sgd(run, {kCount, 0.9f, false}, 0.1, o, true);
      const Values by_adam = adam(run, {kCount, 0.9, 0.999, 1e-7}, 0.1, 1, o);
      const Values by_rmsprop = rmsprop(run, {kCount, 0.9, 0.9, 1e-7}, 0.1, o, true, true);
      const Values by_adagrad = adagrad(run, {kCount, 1e-7}, 0.1, o);
      const Values others =
          joined({adadelta(run, {kCount, 0.95, 1e-7}, 0.1, o),
                  like_adam(run, &OpTable::adamax_step, {kCount, 0.9, 0.999, 1e-7}, 0.1, 2, o),
                  like_adam(run, &OpTable::nadam_step, {kCount, 0.9, 0.999, 1e-7}, 0.1, 2, o),
                  lion(run, {kCount, 0.9, 0.99}, 0.1, o)});
      for (size_t i = 0; i < others.size(); ++i) {
        CHECK_EQ(std::isnan(others[i]), i % kCount == bad);
      }
      for (size_t i = 0; i < kCount; ++i) {
        CHECK_EQ(std::isnan(by_rmsprop[i]), i == bad);
        CHECK_EQ(std::isnan(by_adagrad[i]), i == bad);
        CHECK_EQ(std::isnan(by_sgd[i]), i == bad);
        CHECK_EQ(std::isnan(by_adam[i]), i == bad);
      }
    }
  }
}

// By hand. Keras: the first step of Adam from cleared slots moves p by the learning rate.
BRASA_TEST(optimizer_reference_gives_the_worked_example) {
  const Span o{{2.f}, {1.f}, {0.f}, {0.5f}};
  const Run run{ref::table, 1};
  CHECK((sgd(run, {1, 0.f, false}, 0.25, o, false) == Values{0.5f, 0.5f}));
  CHECK((sgd(run, {1, 0.5f, false}, 0.25, o, true) == Values{0.75f, -0.25f}));
  CHECK((sgd(run, {1, 0.5f, true}, 0.25, o, true) == Values{0.375f, -0.25f}));
  const Values step = adam(run, {1, 0.9, 0.999, 1e-7}, 0.01, 1, {{2.f}, {1.f}, {0.f}, {0.f}});
  CHECK(std::abs(step[0] - 0.99f) < 1e-6f);
  CHECK(std::abs(step[1] - 0.2f) < 1e-7f);
  CHECK(std::abs(step[2] - 0.004f) < 1e-9f);
}

}  // namespace
}  // namespace brasa::test
