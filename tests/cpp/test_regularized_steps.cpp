#include "optimizer_case.h"

namespace brasa::test {
namespace {

constexpr double kRate = 0.25;

double size_of(const Span& o, size_t at, const Shrink& shrink) {
  return 1 + std::abs(double{o.g[at]}) + slope_of(shrink, o.p[at]) + std::abs(double{o.p[at]}) +
         std::abs(double{o.m[at]}) + std::abs(double{o.v[at]});
}

// beta keeps the divisor at 1 / kRate or more: errors of z, a few roundings of a product of three such sizes over the
// rate, pass as they are. Powers err by 10 roundings at most.
BRASA_TEST(ftrl_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Span o = span(count);
    for (const Shrink& shrink : {Shrink{}, kShrinks[3]}) {
      for (const double power : {0., 0.5, 0.75, 1.}) {
        const Case name("count ", count, " power ", power, " l2 ", shrink.l2);
        const FtrlShape s{count, power, 0.2, 0.1, 0.3, 1., shrink};
        check_tables([&](const Run& run) { return ftrl(run, s, kRate, o); },
                     [&](size_t i, float want) {
                       const double size = size_of(o, i % static_cast<size_t>(count), shrink);
                       return kU * (4 * std::abs(want) + 32 * size * size * size / kRate);
                     });
      }
    }
  }
}

// By hand: n = 16, z = 4 - 4 / 0.5, so p = (-1 + 4) * 0.5 / 4; within the lasso it is 0.
BRASA_TEST(ftrl_gives_the_worked_example) {
  const Span o{{4.f}, {1.f}, {0.f}, {0.f}};
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Run run{*table, 1};
    CHECK((ftrl(run, {1, 0.5, 1, 0, 0, 0}, 0.5, o) == Values{0.375f, 16.f, -4.f}));
    CHECK((ftrl(run, {1, 0.5, 4, 0, 0, 0}, 0.5, o) == Values{0.f, 16.f, -4.f}));
    // (4 + 1) / 0.5 + 2 * 3 = 16.
    CHECK((ftrl(run, {1, 0.5, 0, 3, 0, 1}, 0.5, o) == Values{0.25f, 16.f, -4.f}));
    CHECK((ftrl(run, {1, 1., 0, 0, 2, 0}, 0.5, o) == Values{0.75f, 16.f, -24.f}));
  }
}

BRASA_TEST(ftrl_leaves_p_where_nothing_says_where_it_goes) {
  Span o = span(33);
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Run run{*table, 1};
    CHECK(ftrl(run, {33, 0.5, 0.2, 0.1, 0.3, 1}, 0, o) == joined({o.p, o.v, o.m}));
    Span cleared = o;
    for (Values* zeros : {&cleared.g, &cleared.m, &cleared.v}) zeros->assign(33, 0.f);
    const Values want = joined({o.p, Values(66, 0.f)});
    CHECK(ftrl(run, {33, 0.5, 0, 0, 0, 0}, kRate, cleared) == want);
  }
}

// Beside what Adam's kernels do: float32's sums over a chunk, of which the roots of the norms halve the error, and
// the roundings of d. epsilon keeps errors of v from growing in the root.
BRASA_TEST(lamb_equals_the_reference) {
  const auto check = [](int64_t count, double step, const Shrink& shrink) {
    const Case name("count ", count, " step ", step, " l2 ", shrink.l2);
    const Span o = span(count);
    const AdamShape s{count, 0.8, 0.9, 0.5, shrink};
    const Values result = lamb({ref::table, 1}, s, kRate, step, o);
    const double of_m = 1 / (1 - std::pow(0.8, step)), of_v = 1 / (1 - std::pow(0.9, step));
    double of_p = 0, of_d = 0;
    for (size_t i = 0, n = static_cast<size_t>(count); i < n; ++i) {
      const double p = o.p[i] * (1 - kRate * shrink.weight_decay);
      const double d = of_m * result[n + i] / (std::sqrt(of_v * result[2 * n + i]) + 0.5);
      of_p += p * p;
      of_d += d * d;
    }
    const double rate = kRate * std::sqrt(of_p / std::max(of_d, 1e-30));
    check_tables([&](const Run& run) { return lamb(run, s, kRate, step, o); },
                 [&](size_t i, float want) {
                   const size_t at = i % static_cast<size_t>(count);
                   const double size = size_of(o, at, shrink);
                   const double move = std::abs(want) + std::abs(double{o.p[at]});
                   return kU * (4 * std::abs(want) + 32 * size * size * (1 + rate * of_m) +
                                static_cast<double>(kLambChunk) / 2 * move);
                 });
  };
  for (const int64_t count : lengths()) check(count, 7, {});
  for (const double step : {1., 2., 1000.}) check(4099, step, kShrinks[3]);
}

// By hand: d is 1 but for epsilon, both norms are those of equal numbers.
BRASA_TEST(lamb_moves_by_the_share_of_its_own_length) {
  for (const int64_t count : {int64_t{1}, int64_t{9}, 2 * kLambChunk + 5}) {
    const size_t n = static_cast<size_t>(count);
    Span o{Values(n, 4.f), Values(n, 2.f), Values(n, 0.f), Values(n, 0.f)};
    for (const OpTable* table : available_tables()) {
      const Case name(table->name, " count ", count);
      const Run run{*table, 2};
      const auto check_all = [&](const AdamShape& s, float want) {
        const Values got = lamb(run, s, kRate, 1, o);
        for (size_t i = 0; i < n; ++i) CHECK(std::abs(got[i] - want) < 1e-4f);
      };
      check_all({count, 0.9, 0.999, 1e-7}, 1.5f);
      check_all({count, 0.9, 0.999, 1e-7, {2, 0, 0}}, 0.75f);  // decayed to 1 before
      o.p.assign(n, 0.f);
      check_all({count, 0.9, 0.999, 1e-7}, -0.25f);  // without a length it is Adam
      o.p.assign(n, 2.f);
    }
  }
}

BRASA_TEST(regularized_steps_pass_nan_on) {
  constexpr int64_t kCount = 21;
  for (size_t bad = 0; bad < kCount; bad += 4) {
    Span o = span(kCount);
    o.g[bad] = NAN;
    for (const OpTable* table : available_tables()) {
      const Case name(table->name, " element ", bad);
      const Run run{*table, 1};
      const Values all = joined({ftrl(run, {kCount, 0.5, 0.2, 0, 0, 1}, 0.1, o),
                                 ftrl(run, {kCount, 0.7, 0, 0, 0, 1}, 0.1, o),
                                 lamb(run, {kCount, 0.9, 0.999, 1e-7}, 0.1, 2, o)});
      for (size_t i = 0; i < all.size(); ++i) CHECK_EQ(std::isnan(all[i]), i % kCount == bad);
    }
  }
}

}  // namespace
}  // namespace brasa::test
