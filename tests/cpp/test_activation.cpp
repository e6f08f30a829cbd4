#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "harness.h"

namespace brasa::test {
namespace {

const std::vector<Activation>& activations() {
  static const std::vector<Activation> all = {
      {ActivationKind::kNone, 0.f},      {ActivationKind::kRelu, 0.f},
      {ActivationKind::kLeakyRelu, 0.f}, {ActivationKind::kLeakyRelu, 0.3f},
      {ActivationKind::kElu, 1.f},       {ActivationKind::kElu, 0.3f},
      {ActivationKind::kSigmoid, 0.f},   {ActivationKind::kTanh, 0.f},
      {ActivationKind::kGelu, 0.f},      {ActivationKind::kGeluTanh, 0.f},
      {ActivationKind::kSilu, 0.f}};
  return all;
}

bool is_curved(Activation a) {
  return a.kind == ActivationKind::kElu || a.kind == ActivationKind::kSigmoid ||
         a.kind == ActivationKind::kTanh || slope_needs_x(a.kind);
}

// What the contract allows: 4 units in the last place, each at most 2 u. relu, leaky_relu and none round
// at most once, as the reference does: equal but for denormals.
double allowed(Activation a, double want) {
  const double error = !is_curved(a) ? 0 : a.kind == ActivationKind::kGelu ? 16 * kU : 8 * kU;
  const double least = a.kind == ActivationKind::kGeluTanh ? kU : kTiny;
  return error == 0 || std::isinf(want) ? kTiny : std::max(error * std::abs(want) + kTiny, least);
}

// Random values of every magnitude, and all that is special.
Values inputs(int64_t count) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float special[] = {0.f,   -0.f,   kInf,      -kInf, NAN,    1e-40f, -1e-40f, 1e-20f,
                           3e38f, -3e38f, 0x1p-126f, 88.7f, -87.3f, -88.8f, -104.f,  9.01f};
  Values x = random_values(count, 1, -30.f, 30.f);
  const Values exponent = random_values(count, 2, -30.f, 3.f);
  for (size_t i = 0; i < x.size(); ++i) {
    if (i % 3 == 1) x[i] = std::copysign(std::exp2(exponent[i]), x[i]);
    if (i % 5 == 2) x[i] = special[i / 5 % std::size(special)];
  }
  return x;
}

void check_forward(Activation activation, int64_t count, bool in_place) {
  const Case name("kind ", static_cast<int>(activation.kind), " count ", count,
                  in_place ? " in place" : "");
  const Values values = inputs(count);
  const Input<float> x(values);
  const auto produce = [&](const Run& run) {
    Guarded<float> y = in_place ? Guarded<float>(values) : Guarded<float>(count);
    const float* from = in_place ? y.data() : x.data();
    run(0, [&](const Exec& exec) {
      run.table.activation_forward(exec, count, activation, from, y.data());
    });
    return y.values();
  };
  check_tables(produce, [&](size_t, float want) { return allowed(activation, want); });
}

enum class Alias { kNone, kDy, kY };

void check_backward(Activation activation, int64_t count, Alias alias) {
  const Case name("kind ", static_cast<int>(activation.kind), " count ", count, " alias ",
                  static_cast<int>(alias));
  const bool between = is_curved(activation);  // y is the result of a forward pass
  Values y_values = random_values(count, 1, between ? -0.999f : -3.f, between ? 0.999f : 3.f);
  if (activation.kind == ActivationKind::kSigmoid) y_values = absolute(y_values);
  if (activation.kind == ActivationKind::kElu) {
    for (float& y : y_values) y *= y > 0 ? 3.f : activation.alpha;
  }
  if (slope_needs_x(activation.kind)) y_values = inputs(count);
  for (size_t i = 0; i < y_values.size(); i += 7) y_values[i] = i % 2 == 0 ? 0.f : -0.f;
  Values dy_values = random_values(count, 2);
  for (size_t i = 3; i < dy_values.size(); i += 11) dy_values[i] = NAN;
  const Input<float> y(y_values), dy(dy_values);
  const auto produce = [&](const Run& run) {
    Guarded<float> dx = alias == Alias::kDy  ? Guarded<float>(dy_values)
                        : alias == Alias::kY ? Guarded<float>(y_values)
                                             : Guarded<float>(count);
    const float* dys = alias == Alias::kDy ? dx.data() : dy.data();
    const float* ys = alias == Alias::kY ? dx.data() : y.data();
    run(0, [&](const Exec& exec) {
      run.table.activation_backward(exec, count, activation, dys, ys, dx.data());
    });
    return dx.values();
  };
  // Of elu's dy * (y + alpha) only the sum and the product round.
  const bool elu = activation.kind == ActivationKind::kElu;
  // dy * (1 - y^2): y^2 and the difference round to u of at most 1, the product once more.
  check_tables(produce, [&](size_t i, float want) {
    const double size = elu ? 0 : std::abs(double{dy_values[i]});
    return between ? (slope_needs_x(activation.kind) ? 4 : 3) * kU * (size + std::abs(want)) : 0;
  });
}

BRASA_TEST(activation_forward_equals_the_reference) {
  for (const Activation activation : activations()) {
    for (const int64_t count : lengths()) {
      check_forward(activation, count, false);
      check_forward(activation, count, true);
    }
  }
}

BRASA_TEST(activation_backward_equals_the_reference) {
  for (const Activation activation : activations()) {
    for (const int64_t count : lengths()) {
      for (const Alias alias : {Alias::kNone, Alias::kDy, Alias::kY}) {
        check_backward(activation, count, alias);
      }
    }
  }
}

float one_value(const OpTable& table, ActivationKind kind, float x) {
  float y = -1;
  Run{table, 1}(0,
                [&](const Exec& exec) { table.activation_forward(exec, 1, {kind, 0.f}, &x, &y); });
  return y;
}

BRASA_TEST(activation_saturates_exactly) {
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    for (const float x : {20.f, 100.f, 1e30f, INFINITY}) {
      CHECK_EQ(one_value(*table, ActivationKind::kSigmoid, x), 1.f);
      CHECK_EQ(one_value(*table, ActivationKind::kTanh, x), 1.f);
      CHECK_EQ(one_value(*table, ActivationKind::kTanh, -x), -1.f);
    }
    for (const float x : {-110.f, -1e30f, -INFINITY}) {
      CHECK_EQ(one_value(*table, ActivationKind::kSigmoid, x), 0.f);
    }
    CHECK_EQ(one_value(*table, ActivationKind::kSigmoid, 0.f), 0.5f);
    CHECK_EQ(one_value(*table, ActivationKind::kTanh, 0.f), 0.f);
    CHECK(std::isnan(one_value(*table, ActivationKind::kRelu, NAN)));
    CHECK(std::isnan(one_value(*table, ActivationKind::kSigmoid, NAN)));
    CHECK(std::isnan(one_value(*table, ActivationKind::kTanh, NAN)));
  }
}

Values elu_of(const OpTable& table, float alpha, const Values& x) {
  Values y(x.size());
  const auto count = static_cast<int64_t>(x.size());
  Run{table, 1}(0, [&](const Exec& exec) {
    table.activation_forward(exec, count, {ActivationKind::kElu, alpha}, x.data(), y.data());
  });
  return y;
}

// Falling from -2^-126 to where exp(x) is lost beside 1: every 1009th float.
Values negative_floats() {
  Values x;
  for (uint32_t bits = 0x80800000; bits < 0xC2E00000; bits += 1009) {
    x.push_back(0.f);
    std::memcpy(&x.back(), &bits, sizeof bits);
  }
  return x;
}

// exp(x) - 1 is good to its last bits for small x too: 1.11 ulp were measured (cpu/simd/math.h).
BRASA_TEST(activation_elu_is_accurate_near_zero) {
  const Values x = negative_floats();
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Values y = elu_of(*table, 1.f, x);
    double worst = 0;  // in ulp
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = std::expm1(double{x[i]});
      const double ulp = std::exp2(std::floor(std::log2(-want)) - 23);
      if (want < -0x1p-125) worst = std::max(worst, std::abs(y[i] - want) / ulp);
    }
    CHECK(worst < 1.5);
  }
}

// Pooling may come before it (python/brasa/graph/lanes_rewriter.py).
BRASA_TEST(activation_elu_never_falls) {
  const Values x = negative_floats();
  for (const OpTable* table : available_tables()) {
    if (std::string(table->name).rfind("cpu", 0) != 0) continue;
    const Case name(table->name);
    const Values y = elu_of(*table, 1.f, x);
    CHECK(std::is_sorted(y.rbegin(), y.rend()));
  }
}

// Where y rounded below -alpha, the slope y + alpha would be negative.
BRASA_TEST(activation_elu_ends_at_minus_alpha) {
  const Values x = negative_floats();
  for (const OpTable* table : available_tables()) {
    for (const float alpha : {1.f, 0.3f, 1.7f, 1e-30f, 1e30f}) {
      const Case name(table->name, " alpha ", alpha);
      const Values y = elu_of(*table, alpha, x);
      CHECK_EQ(*std::min_element(y.begin(), y.end()), -alpha);
      const Values ends =
          elu_of(*table, alpha, {-INFINITY, -1e30f, -89.f, 0.f, -0.f, INFINITY, NAN});
      CHECK_EQ(ends[0], -alpha);
      CHECK_EQ(ends[1], -alpha);
      CHECK_EQ(ends[2], -alpha);
      CHECK_EQ(ends[3], 0.f);
      CHECK_EQ(ends[4], 0.f);
      CHECK_EQ(ends[5], INFINITY);
      CHECK(std::isnan(ends[6]));
    }
  }
}

// The limits, not 0 * inf; and in the tails, where cancellation would leave nothing.
BRASA_TEST(activation_smooth_ends) {
  const Values x = {-INFINITY, -1e30f, -200.f, INFINITY, 3e38f, 200.f, NAN};
  for (const OpTable* table : available_tables()) {
    for (const ActivationKind kind :
         {ActivationKind::kGelu, ActivationKind::kGeluTanh, ActivationKind::kSilu}) {
      const Case name(table->name, " kind ", static_cast<int>(kind));
      Values dx(x.size());
      const Values dy(x.size(), 1.f);
      Run{*table, 1}(0, [&](const Exec& exec) {
        table->activation_backward(exec, static_cast<int64_t>(x.size()), {kind, 0.f}, dy.data(),
                                   x.data(), dx.data());
      });
      for (size_t i = 0; i < 6; ++i) {
        CHECK_EQ(one_value(*table, kind, x[i]), i < 3 ? 0.f : x[i]);
        CHECK_EQ(dx[i], i < 3 ? 0.f : 1.f);
      }
      CHECK(std::isnan(one_value(*table, kind, NAN)) && std::isnan(dx[6]));
    }
    const double far = one_value(*table, ActivationKind::kGelu, -12.f);
    CHECK(std::abs(far + 2.13177853449322e-32) < 16 * kU * 2.14e-32);
    const double farther = one_value(*table, ActivationKind::kSilu, -90.f);
    CHECK(std::abs(farther + 90 * std::exp(-90.)) < 8 * kU * 90 * std::exp(-90.));
  }
}

}  // namespace
}  // namespace brasa::test
