#include "core/random.h"
#include "harness.h"

namespace brasa::test {
namespace {

struct State {
  int64_t seed, step;
};

Values dropped(const Run& run, const DropoutShape& s, State at, const Values& xs, bool in_place) {
  const Input<float> x(xs);
  const Input<int64_t> state(std::vector<int64_t>{at.seed, at.step});
  const Guarded<float> y = in_place ? Guarded<float>(xs) : Guarded<float>(s.count);
  const float* from = in_place ? y.data() : x.data();
  run(0, [&](const Exec& exec) { run.table.dropout(exec, s, state.data(), from, y.data()); });
  return y.values();
}

void check_dropout(const DropoutShape& s, State state) {
  const Case name("count ", s.count, " rate ", s.rate, " node ", s.node, " seed ", state.seed,
                  " step ", state.step);
  Values x = random_values(s.count, 1, 1.f, 2.f);
  for (size_t i = 0; i < x.size(); i += 17) x[i] = i % 2 == 0 ? NAN : INFINITY;
  // 1 - rate, its inverse and the product round once each; the mask is exact.
  const double error = s.rate == 0 ? 0 : 4 * kU;
  for (const bool in_place : {false, true}) {
    check_tables([&](const Run& run) { return dropped(run, s, state, x, in_place); },
                 [&](size_t, float want) { return std::isinf(want) ? 0 : error * std::abs(want); });
  }
}

BRASA_TEST(dropout_equals_the_reference) {
  for (const int64_t count : lengths()) check_dropout({count, 0.5f, 3}, {42, 7});
  for (const float rate : {0.f, 0.1f, 0.25f, 0.9f, 0.999f}) check_dropout({1009, rate, 0}, {0, 0});
}

BRASA_TEST(dropout_depends_on_seed_step_and_node) {
  const std::vector<State> states = {
      {1, 1}, {2, 1}, {1, 2}, {-1, 1}, {int64_t{1} << 40, 1}, {1, int64_t{1} << 31}};
  for (const State state : states) {
    for (const uint32_t node : {0u, 1u, 0xFFFFFFFFu}) check_dropout({1009, 0.5f, node}, state);
  }
  const Values ones(1009, 1.f);
  std::vector<Values> masks;
  for (const State state : states) {
    for (const uint32_t node : {0u, 5u}) {
      masks.push_back(dropped(Run{ref::table, 1}, {1009, 0.5f, node}, state, ones, false));
    }
  }
  for (size_t i = 0; i < masks.size(); ++i) {
    for (size_t j = 0; j < i; ++j) CHECK(masks[i] != masks[j]);
  }
}

// Of the seeds from 0 on, this is the first whose first word gives u == 0.5 exactly: it is kept.
BRASA_TEST(dropout_keeps_what_draws_the_rate_itself) {
  constexpr State kTie{515707, 0};
  CHECK_EQ(uniform01(philox(kTie.seed, 0, 0).word[0]), 0.5f);
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    CHECK_EQ(dropped(Run{*table, 1}, {33, 0.5f, 0}, kTie, Values(33, 1.f), false)[0], 2.f);
  }
}

// The definition, word by word, and the share that survives.
BRASA_TEST(dropout_reference_draws_the_words_of_the_contract) {
  constexpr int64_t kCount = 20000;
  const Values y =
      dropped(Run{ref::table, 1}, {kCount, 0.25f, 9}, {77, 3}, Values(kCount, 3.f), false);
  int64_t kept = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    const Philox words = philox(77, static_cast<uint64_t>(i) / 4, (uint64_t{3} << 32) + 9);
    const bool keep = uniform01(words.word[i % 4]) >= 0.25f;
    CHECK_EQ(y[static_cast<size_t>(i)], keep ? 4.f : 0.f);
    kept += keep;
  }
  // The standard deviation is sqrt(20000 * 0.25 * 0.75) = 61.
  CHECK(std::abs(static_cast<double>(kept) - 15000) < 5 * 61);
}

}  // namespace
}  // namespace brasa::test
