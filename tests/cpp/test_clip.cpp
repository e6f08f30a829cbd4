#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

enum class Kind { kValue, kNorm };

Values clip(const Run& run, Kind kind, const ClipShape& s, const Values& values, bool in_place) {
  const Input<float> x(values);
  const Guarded<float> y(in_place ? values : Values(values.size(), 7.f));
  const float* from = in_place ? y.data() : x.data();
  run(kind == Kind::kNorm ? clip_norm_workspace(s.count) : 0, [&](const Exec& exec) {
    (kind == Kind::kNorm ? run.table.clip_norm : run.table.clip_value)(exec, s, from, y.data());
  });
  return y.values();
}

template <class Bound>
void check_clip(Kind kind, float limit, const Values& x, const Bound& bound) {
  const ClipShape s = {static_cast<int64_t>(x.size()), limit};
  const Case name(kind == Kind::kNorm ? "norm" : "value", " count ", s.count, " limit ", limit);
  for (const bool in_place : {false, true}) {
    check_tables([&](const Run& run) { return clip(run, kind, s, x, in_place); }, bound);
  }
}

BRASA_TEST(clip_value_equals_the_reference) {
  for (const int64_t count : lengths()) {
    Values x = random_values(count, 1);
    check_clip(Kind::kValue, 0.25f, x, kExact);
    for (size_t i = 0; i < x.size(); i += 3) x[i] = i % 2 == 0 ? NAN : -INFINITY;
    check_clip(Kind::kValue, 0.25f, x, kExact);
  }
}

BRASA_TEST(clip_norm_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Values x = random_values(count, 1);
    // The sum of the squares of a chunk, of which the root halves the error; its factor; the product.
    const double error = kU * (static_cast<double>(kClipChunk) / 2 + 3);
    const auto bound = [&](size_t, float want) { return error * std::abs(double{want}); };
    check_clip(Kind::kNorm, 0.1f, x, bound);
    check_clip(Kind::kNorm, 1e-6f, x, bound);
    check_clip(Kind::kNorm, 1e6f, x, kExact);
  }
}

BRASA_TEST(clip_norm_leaves_the_bits_of_a_small_gradient) {
  const Values x = {3, -4};
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Run run = {*table, 1};
    CHECK((clip(run, Kind::kNorm, {2, 5.f}, x, false) == x));
    CHECK((clip(run, Kind::kNorm, {2, 2.5f}, x, false) == Values{1.5f, -2}));
  }
}

BRASA_TEST(clip_norm_takes_squares_beyond_float32) {
  const auto bound = [](size_t, float want) { return 4 * kU * std::abs(double{want}); };
  Values x(5000, 0.f);
  x[17] = 3e30f;
  x[4999] = -4e30f;
  check_clip(Kind::kNorm, 5.f, x, bound);
  const Values y = clip({ref::table, 1}, Kind::kNorm, {5000, 5.f}, x, false);
  CHECK(std::abs(y[17] - 3.f) < 1e-5f);
}

BRASA_TEST(clip_norm_shows_what_is_not_finite) {
  for (const float bad : {NAN, std::numeric_limits<float>::infinity()}) {
    Values x = random_values(9001, 1);
    x[8999] = bad;
    x[17] = 0;
    check_clip(Kind::kNorm, 1.f, x, kExact);
    const Values y = clip({ref::table, 1}, Kind::kNorm, {9001, 1.f}, x, false);
    for (size_t i = 0; i < y.size(); ++i) CHECK_EQ(std::isnan(y[i]), i != 17);
    CHECK_EQ(y[17], 0.f);
  }
}

}  // namespace
}  // namespace brasa::test
