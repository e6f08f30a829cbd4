#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

Values penalty(const Run& run, const PenaltyShape& s, const Values& values) {
  const Input<float> x(values);
  const Guarded<float> value(Values(1, 7.f));
  run(penalty_workspace(s.count),
      [&](const Exec& exec) { run.table.penalty(exec, s, x.data(), value.data()); });
  return value.values();
}

Values backward(const Run& run, const PenaltyShape& s, Write write, const Values& values) {
  const Input<float> x(values);
  const Guarded<float> dx(Values(values.size(), 0.25f));
  run(0,
      [&](const Exec& exec) { run.table.penalty_backward(exec, s, write, x.data(), dx.data()); });
  return dx.values();
}

constexpr double kFactors[][2] = {{0.1, 0}, {0, 0.3}, {0.1, 0.3}, {0, 0}};

BRASA_TEST(penalty_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Values x = random_values(count, 1);
    for (const auto& [l1, l2] : kFactors) {
      const Case name("count ", count, " l1 ", l1, " l2 ", l2);
      // All terms are positive: the sum of a chunk errs by one rounding for each of its terms.
      check_tables(
          [&, l1 = l1, l2 = l2](const Run& run) { return penalty(run, {count, l1, l2}, x); },
          [&](size_t, float want) {
            return kU * static_cast<double>(kPenaltyChunk) * std::abs(double{want});
          });
    }
  }
}

BRASA_TEST(penalty_backward_equals_the_reference) {
  for (const int64_t count : lengths()) {
    Values x = random_values(count, 1);
    for (size_t i = 0; i < x.size(); i += 5) x[i] = i % 2 == 0 ? 0.f : -0.f;
    for (const auto& [l1, l2] : kFactors) {
      for (const Write write : {Write::kSet, Write::kAdd}) {
        const Case name("count ", count, " l1 ", l1, " l2 ", l2,
                        write == Write::kAdd ? " add" : "");
        check_tables([&, l1 = l1,
                      l2 = l2](const Run& run) { return backward(run, {count, l1, l2}, write, x); },
                     [&, l1 = l1, l2 = l2](size_t i, float) {
                       return 4 * kU * (0.25 + l1 + 2 * l2 * std::abs(double{x[i]}));
                     });
      }
    }
  }
}

BRASA_TEST(penalty_takes_sums_beyond_float32) {
  Values x(5000, 0.f);
  x[17] = 3e38f;
  x[18] = -3e38f;
  x[4999] = 3e30f;
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Run run{*table, 1};
    CHECK(std::abs(penalty(run, {5000, 1e-30, 0}, x)[0] / 6e8f - 1) < 1e-5f);
    CHECK(std::abs(penalty(run, {5000, 0, 1e-40}, x)[0] / 1.8e37f - 1) < 1e-5f);
  }
}

BRASA_TEST(penalty_shows_what_is_not_finite) {
  for (const float bad : {NAN, std::numeric_limits<float>::infinity()}) {
    Values x = random_values(9001, 1);
    x[8999] = bad;
    for (const OpTable* table : available_tables()) {
      const Case name(table->name);
      CHECK(!std::isfinite(penalty({*table, 1}, {9001, 0, 0.5}, x)[0]));
      CHECK(!std::isfinite(penalty({*table, 1}, {9001, 0.5, 0}, x)[0]));
    }
  }
}

}  // namespace
}  // namespace brasa::test
