#include <algorithm>
#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

constexpr float kEpsilon = 1e-3f;

struct Operands {
  Values x, dy, gamma, beta;
};

Operands operands(const GroupNormShape& s) {
  return {random_values(s.images * s.image(), 1), random_values(s.images * s.image(), 2),
          random_values(s.channels, 3), random_values(s.channels, 4)};
}

Values forward(const Run& run, const GroupNormShape& s, const Operands& o, bool scaled,
               bool in_place = false) {
  const Input<float> x(o.x), gamma(o.gamma), beta(o.beta);
  const Guarded<float> y = in_place ? Guarded<float>(o.x) : Guarded<float>(s.images * s.image());
  const float* from = in_place ? y.data() : x.data();
  run(run.table.group_norm_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.group_norm(exec, s, from, gamma.data_if(scaled), beta.data_if(scaled), y.data());
  });
  return y.values();
}

Values backward(const Run& run, const GroupNormShape& s, const Operands& o, bool scaled,
                bool in_place = false) {
  const Input<float> x(o.x), dy(o.dy), gamma(o.gamma);
  const Guarded<float> dx = in_place ? Guarded<float>(o.dy) : Guarded<float>(s.images * s.image());
  const Guarded<float> dgamma(s.channels), dbeta(s.channels);
  const float* from = in_place ? dx.data() : dy.data();
  run(run.table.group_norm_backward_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.group_norm_backward(exec, s, from, x.data(), gamma.data_if(scaled),
                                  {dx.data(), dgamma.data(), dbeta.data()});
  });
  return joined({dx.values(), dgamma.values(), dbeta.values()});
}

// |x|, |dy|, |gamma|, |beta| <= 1: no |h| exceeds the root of the group's elements, or 2 / sqrt(epsilon).
void check_shape(const GroupNormShape& s, bool in_place = false) {
  const Case name("images ", s.images, " positions ", s.positions, " channels ", s.channels,
                  " groups ", s.groups, in_place ? " in place" : "");
  const Operands o = operands(s);
  const double most = std::min(std::sqrt(static_cast<double>(s.group())), 64.0);
  const double steep = 1 / std::sqrt(double{kEpsilon});
  const double terms = static_cast<double>(std::min<int64_t>(s.positions, 127)) + 8;
  const double of_h = terms * kU * (1 + 2 * most);
  for (const bool scaled : {false, true}) {
    check_tables([&](const Run& run) { return forward(run, s, o, scaled, in_place); },
                 [&](size_t, float) { return of_h + 2 * kU; });
    const size_t elements = static_cast<size_t>(s.images * s.image());
    // dx holds dy, its mean and h times another mean, all over the deviation; a mean of products errs
    // as its sum does.
    const double of_dx = steep * (of_h * (1 + most) + terms * kU * (2 + 2 * most));
    const double rows = static_cast<double>(s.images * s.positions);
    const double of_sums = rows * (of_h + (terms + 4) * kU * most);
    check_tables([&](const Run& run) { return backward(run, s, o, scaled, in_place); },
                 [&](size_t i, float) { return i < elements ? of_dx : of_sums; });
  }
}

BRASA_TEST(group_norm_equals_the_reference) {
  // Channels below, at and above vectors and strips; groups that cross them; one chunk and several.
  for (const int64_t positions : {1, 2, 63, 200}) {
    for (const GroupNormShape& s : {GroupNormShape{2, positions, 1, 1, kEpsilon},
                                    {3, positions, 6, 2, kEpsilon},
                                    {1, positions, 8, 8, kEpsilon},
                                    {2, positions, 33, 11, kEpsilon},
                                    {4, positions, 64, 32, kEpsilon},
                                    {2, positions, 85, 5, kEpsilon},
                                    {1, positions, 130, 1, kEpsilon}}) {
      check_shape(s);
    }
  }
  check_shape({0, 0, 5, 1, kEpsilon});
  check_shape({300, 2, 6, 3, kEpsilon});  // more images than blocks of them
  check_shape({3, 70, 20, 4, kEpsilon}, true);
  check_shape({1, 130, 20, 4, kEpsilon}, true);
}

BRASA_TEST(group_norm_of_special_groups) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const GroupNormShape s{3, 70, 21, 7, kEpsilon};
  const auto at = [&](int64_t image, int64_t position, int64_t channel) {
    return static_cast<size_t>(image * s.image() + position * s.channels + channel);
  };
  for (const float special : {NAN, kInf, -kInf, 1e25f}) {
    Operands o = operands(s);
    o.x[at(0, 0, 3)] = special;    // the first of group 1
    o.x[at(2, 69, 17)] = special;  // the last of group 5
    check_tables([&](const Run& run) { return forward(run, s, o, true); },
                 [&](size_t, float) { return 2000 * kU; });
    check_tables([&](const Run& run) { return backward(run, s, o, true); },
                 [&](size_t, float) { return 3e5 * kU; });
    const Values y = forward(Run{ref::table, 1}, s, o, true);
    for (size_t i = 0; i < y.size(); ++i) {
      const size_t group = i % 21 / 3, image = i / static_cast<size_t>(s.image());
      CHECK(std::isnan(y[i]) == ((image == 0 && group == 1) || (image == 2 && group == 5)));
    }
  }
}

}  // namespace
}  // namespace brasa::test
