#include "harness.h"

namespace brasa::test {
namespace {

struct State {
  int64_t seed, step;
};

Values noisy(const Run& run, const GaussianNoiseShape& s, State at, const Values& xs,
             bool in_place) {
  const Input<float> x(xs);
  const Input<int64_t> state(std::vector<int64_t>{at.seed, at.step});
  const Guarded<float> y = in_place ? Guarded<float>(xs) : Guarded<float>(s.count);
  const float* from = in_place ? y.data() : x.data();
  run(0,
      [&](const Exec& exec) { run.table.gaussian_noise(exec, s, state.data(), from, y.data()); });
  return y.values();
}

void check_noise(const GaussianNoiseShape& s, State state) {
  const Case name("count ", s.count, " stddev ", s.stddev, " node ", s.node, " seed ", state.seed,
                  " step ", state.step);
  Values x = random_values(s.count, 1, -2.f, 2.f);
  for (size_t i = 0; i < x.size(); i += 17) x[i] = i % 2 == 0 ? NAN : INFINITY;
  for (const bool in_place : {false, true}) {
    check_tables([&](const Run& run) { return noisy(run, s, state, x, in_place); },
                 [&](size_t, float want) {
                   return std::isinf(want) ? 0 : 2e-6 * s.stddev + 2 * kU * std::abs(want);
                 });
  }
}

BRASA_TEST(gaussian_noise_equals_the_reference) {
  for (const int64_t count : lengths()) check_noise({count, 1.f, 3}, {42, 7});
  for (const float stddev : {0.f, 1e-3f, 100.f}) check_noise({1009, stddev, 0}, {0, 0});
  for (const State state : {State{-1, 1}, State{int64_t{1} << 40, 1}, State{1, int64_t{1} << 31}}) {
    for (const uint32_t node : {0u, 0xFFFFFFFFu}) check_noise({1009, 1.f, node}, state);
  }
}

// All quarters of the circle, their borders, and the ends of the radius: a million draws.
BRASA_TEST(gaussian_noise_is_as_accurate_as_the_contract_says) {
  const GaussianNoiseShape s = {1 << 20, 1.f, 1};
  const Values zeros(static_cast<size_t>(s.count), 0.f);
  check_tables([&](const Run& run) { return noisy(run, s, {5, 9}, zeros, false); },
               [](size_t, float) { return 2e-6; });
}

}  // namespace
}  // namespace brasa::test
