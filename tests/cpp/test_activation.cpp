#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

// What the contract allows sigmoid and tanh: 4 units in the last place, each at most 2 u.
constexpr double kActivationError = 8 * kU;

const std::vector<Activation>& activations() {
  static const std::vector<Activation> all = {
      {ActivationKind::kNone, 0.f},      {ActivationKind::kRelu, 0.f},
      {ActivationKind::kLeakyRelu, 0.f}, {ActivationKind::kLeakyRelu, 0.3f},
      {ActivationKind::kSigmoid, 0.f},   {ActivationKind::kTanh, 0.f}};
  return all;
}

bool is_curved(Activation a) {
  return a.kind == ActivationKind::kSigmoid || a.kind == ActivationKind::kTanh;
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
  // relu, leaky_relu and none round at most once, as the reference does: equal but for denormals.
  const double error = is_curved(activation) ? kActivationError : 0;
  check_tables(produce, [&](size_t, float want) {
    return error == 0 || std::isinf(want) ? kTiny : error * std::abs(want) + kTiny;
  });
}

enum class Alias { kNone, kDy, kY };

void check_backward(Activation activation, int64_t count, Alias alias) {
  const Case name("kind ", static_cast<int>(activation.kind), " count ", count, " alias ",
                  static_cast<int>(alias));
  const bool between = is_curved(activation);  // y is the result of a forward pass
  Values y_values = random_values(count, 1, between ? -0.999f : -3.f, between ? 0.999f : 3.f);
  if (activation.kind == ActivationKind::kSigmoid) y_values = absolute(y_values);
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
  // dy * (1 - y^2): y^2 and the difference round to u of at most 1, the product once more.
  check_tables(produce, [&](size_t i, float want) {
    return between ? 3 * kU * (std::abs(double{dy_values[i]}) + std::abs(want)) : 0;
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

}  // namespace
}  // namespace brasa::test
