#include "harness.h"

namespace brasa::test {
namespace {

constexpr float kEpsilon = 1e-3f;

struct Operands {
  Values x, gamma, beta, mean, variance, dy;
};

Operands operands(int64_t rows, int64_t columns) {
  return {random_values(rows * columns, 1), random_values(columns, 2),
          random_values(columns, 3),        random_values(columns, 4),
          random_values(columns, 5, 0.5f),  random_values(rows * columns, 6)};
}

// Gamma, beta and the statistics, each between guard pages.
struct Scale {
  Input<float> gamma, beta, mean, variance;
  bool scaled;

  Scale(const Operands& o, bool with_gamma)
      : gamma(o.gamma), beta(o.beta), mean(o.mean), variance(o.variance), scaled(with_gamma) {}
  BatchNormScale get() const {
    return {gamma.data_if(scaled), beta.data_if(scaled), mean.data(), variance.data()};
  }
};

Values inference(const Run& run, const BatchNormShape& s, const Operands& o, bool scaled) {
  const Input<float> x(o.x);
  const Scale scale(o, scaled);
  const Guarded<float> y(s.rows * s.columns);
  run(run.table.batch_norm_workspace(s),
      [&](const Exec& exec) { run.table.batch_norm(exec, s, x.data(), scale.get(), y.data()); });
  return y.values();
}

Values fold(const Run& run, const BatchNormShape& s, const Operands& o, bool scaled) {
  const Input<float> w(o.x), b(o.mean);
  const Scale scale(o, scaled);
  const Guarded<float> folded_w(s.rows * s.columns), folded_b(s.columns);
  run(run.table.batch_norm_workspace(s), [&](const Exec& exec) {
    run.table.batch_norm_fold(exec, s, w.data(), b.data_if(scaled), scale.get(),
                              {folded_w.data(), folded_b.data()});
  });
  return joined({folded_w.values(), folded_b.values()});
}

Values statistics(const Run& run, const BatchNormShape& s, const Operands& o) {
  const Input<float> x(o.x);
  const Guarded<float> mean(s.columns), variance(s.columns);
  run(run.table.batch_norm_workspace(s), [&](const Exec& exec) {
    run.table.batch_norm_statistics(exec, s, x.data(), mean.data(), variance.data());
  });
  return joined({mean.values(), variance.values()});
}

Values backward(const Run& run, const BatchNormShape& s, const Operands& o, bool scaled) {
  const Input<float> dy(o.dy), x(o.x);
  const Scale scale(o, scaled);
  const Guarded<float> dx(s.rows * s.columns), dgamma(s.columns), dbeta(s.columns);
  run(run.table.batch_norm_workspace(s), [&](const Exec& exec) {
    run.table.batch_norm_backward(exec, s, dy.data(), x.data(), scale.get(),
                                  {dx.data(), dgamma.data(), dbeta.data()});
  });
  return joined({dx.values(), dgamma.values(), dbeta.values()});
}

void check_shape(int64_t rows, int64_t columns, ActivationKind kind = ActivationKind::kNone) {
  const Case name("rows ", rows, " columns ", columns, " activation ", static_cast<int>(kind));
  const BatchNormShape s{rows, columns, kEpsilon, {kind, 1.f}};
  const Operands o = operands(rows, columns);
  // |x|, |dy| <= 1 and the variance is at least 1/2: no normalized value exceeds 3.
  const double terms = static_cast<double>(rows) + 64;
  for (const bool scaled : {false, true}) {
    check_tables([&](const Run& run) { return inference(run, s, o, scaled); },
                 [&](size_t, float) { return 32 * kU; });
    check_tables([&](const Run& run) { return fold(run, s, o, scaled); },
                 [&](size_t, float) { return 32 * kU; });
    if (rows == 0) continue;
    check_tables([&](const Run& run) { return backward(run, s, o, scaled); },
                 [&](size_t, float) { return 3 * terms * kU * 8; });
  }
  if (rows == 0) return;
  check_tables([&](const Run& run) { return statistics(run, s, o); },
               [&](size_t, float) { return terms * kU; });
}

BRASA_TEST(batch_norm_equals_the_reference) {
  for (const int64_t columns : {1, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64, 65}) {
    for (const int64_t rows : {0, 1, 2, 63, 64, 65, 300}) check_shape(rows, columns);
  }
  check_shape(5003, 6);
}

// Smooth ones: the slope of relu jumps where the tables round to different sides of 0. That slope is
// compared with activation_backward's in tests/ops/test_batch_norm.py.
BRASA_TEST(batch_norm_with_an_activation_equals_the_reference) {
  for (const int64_t columns : {3, 8, 33}) {
    for (const ActivationKind kind :
         {ActivationKind::kElu, ActivationKind::kSigmoid, ActivationKind::kTanh,
          ActivationKind::kGelu, ActivationKind::kSilu}) {
      check_shape(70, columns, kind);
    }
  }
}

BRASA_TEST(moving_average_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Case name("count ", count);
    const Values value = random_values(count, 1), before = random_values(count, 2);
    check_tables(
        [&](const Run& run) {
          const Input<float> in(value);
          const Guarded<float> moving(before);
          run(0, [&](const Exec& exec) {
            run.table.moving_average(exec, count, 0.99f, in.data(), moving.data());
          });
          return moving.values();
        },
        [](size_t, float) { return 4 * kU; });
  }
}

}  // namespace
}  // namespace brasa::test
