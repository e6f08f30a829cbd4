#include <algorithm>
#include <cstring>
#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

const std::vector<Unary>& functions() {
  static const std::vector<Unary> all = {
      {UnaryKind::kAbs, 0, 0, 0},        {UnaryKind::kClip, -0.5f, 2.f, 0},
      {UnaryKind::kExp, 0, 0, 0},        {UnaryKind::kLog, 0, 0, 0},
      {UnaryKind::kPower, 0, 0, 0.37},   {UnaryKind::kPower, 0, 0, 3},
      {UnaryKind::kPower, 0, 0, -2},     {UnaryKind::kPower, 0, 0, 0},
      {UnaryKind::kReciprocal, 0, 0, 0}, {UnaryKind::kSqrt, 0, 0, 0},
      {UnaryKind::kSquare, 0, 0, 0},     {UnaryKind::kHardSigmoid, 0, 0, 0},
      {UnaryKind::kHardSilu, 0, 0, 0},   {UnaryKind::kMish, 0, 0, 0},
      {UnaryKind::kRelu6, 0, 0, 0},      {UnaryKind::kSoftplus, 0, 0, 0},
      {UnaryKind::kSoftsign, 0, 0, 0},   {UnaryKind::kCeil, 0, 0, 0},
      {UnaryKind::kCos, 0, 0, 0},        {UnaryKind::kErf, 0, 0, 0},
      {UnaryKind::kExpm1, 0, 0, 0},      {UnaryKind::kFloor, 0, 0, 0},
      {UnaryKind::kLog1p, 0, 0, 0},      {UnaryKind::kRound, 0, 0, 0},
      {UnaryKind::kRsqrt, 0, 0, 0},      {UnaryKind::kSign, 0, 0, 0},
      {UnaryKind::kSin, 0, 0, 0}};
  return all;
}

// The contract's bound on y = f(x), as a share of y. An ulp is up to 2 u; the reference rounds as well.
double error_of(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::kErf:
    case UnaryKind::kExp:
    case UnaryKind::kExpm1:
    case UnaryKind::kLog:
    case UnaryKind::kLog1p:
    case UnaryKind::kRsqrt: return 5 * kU;
    case UnaryKind::kCos:
    case UnaryKind::kSin: return 6 * kU;
    case UnaryKind::kPower:
    case UnaryKind::kMish:
    case UnaryKind::kSoftplus:
    case UnaryKind::kHardSigmoid:
    case UnaryKind::kHardSilu: return 9 * kU;
    case UnaryKind::kSoftsign: return 5 * kU;
    default: return 0;
  }
}

// What mish loses of x * e^x where that power is below 2^-126.
double floor_of(UnaryKind kind) { return kind == UnaryKind::kMish ? 0x1p-119 : 0; }

// Either sign, every magnitude, and all that is special.
Values inputs(int64_t count) {
  const float special[] = {0.f,   -0.f,   kInf,      -kInf,  NAN,    1e-40f, -1e-40f, 1.f, -1.f,
                           3e38f, -3e38f, 0x1p-126f, 88.72f, 88.73f, -87.3f, -87.4f,  2.f, -0.5f};
  Values x = random_values(count, 1, -20.f, 20.f);
  const Values exponent = random_values(count, 2, -30.f, 30.f);
  for (size_t i = 0; i < x.size(); ++i) {
    if (i % 3 == 1) x[i] = std::copysign(std::exp2(exponent[i]), x[i]);
    if (i % 3 != 2) x[i] = std::abs(x[i]);
    if (i % 5 == 2) x[i] = special[i / 5 % std::size(special)];
  }
  return x;
}

void check_forward(const Unary& f, int64_t count, bool in_place) {
  const Case name("kind ", static_cast<int>(f.kind), " p ", f.exponent, " count ", count,
                  in_place ? " in place" : "");
  const Values values = inputs(count);
  const Input<float> x(values);
  const auto produce = [&](const Run& run) {
    Guarded<float> y = in_place ? Guarded<float>(values) : Guarded<float>(count);
    const float* from = in_place ? y.data() : x.data();
    run(0, [&](const Exec& exec) { run.table.unary_forward(exec, count, f, from, y.data()); });
    return y.values();
  };
  check_tables(produce, [&](size_t, float want) {
    return std::isinf(want) ? 0
                            : error_of(f.kind) * std::abs(double{want}) + kTiny + floor_of(f.kind);
  });
}

enum class Alias { kNone, kDy, kKnown };

void check_backward(const Unary& f, int64_t count, Alias alias) {
  const Case name("kind ", static_cast<int>(f.kind), " p ", f.exponent, " count ", count, " alias ",
                  static_cast<int>(alias));
  Values known_values = inputs(count);
  for (float& x : known_values) {  // past it e^x is infinite, though dy * e^x may not be
    if (f.kind == UnaryKind::kExpm1 && x > 88.7f) x = 88.7f;
  }
  Values dy_values = random_values(count, 3);
  for (size_t i = 3; i < dy_values.size(); i += 11) dy_values[i] = NAN;
  const Input<float> known(known_values), dy(dy_values);
  const auto produce = [&](const Run& run) {
    Guarded<float> dx = alias == Alias::kDy      ? Guarded<float>(dy_values)
                        : alias == Alias::kKnown ? Guarded<float>(known_values)
                                                 : Guarded<float>(count);
    const float* slopes = alias == Alias::kDy ? dx.data() : dy.data();
    const float* from = alias == Alias::kKnown ? dx.data() : known.data();
    run(0, [&](const Exec& exec) {
      run.table.unary_backward(exec, count, f, slopes, from, dx.data());
    });
    return dx.values();
  };
  // Slopes that are made of y alone, or of x by a formula, have no error but that of their roundings.
  const UnaryKind made[] = {UnaryKind::kPower, UnaryKind::kSoftplus, UnaryKind::kExpm1,
                            UnaryKind::kErf,   UnaryKind::kSin,      UnaryKind::kCos};
  const bool exact = std::find(std::begin(made), std::end(made), f.kind) == std::end(made);
  const double slope = exact ? 0 : error_of(f.kind);
  const double least = f.kind == UnaryKind::kMish ? 8 * kU : 0;  // its slope passes through 0
  check_tables(produce, [&](size_t i, float want) {
    if (std::isinf(want)) return 0.0;
    // Between the factors a square or a power may be lost below 2^-126: times dy, which is at most 1.
    const bool lost = std::abs(known_values[i]) < 1e-15f || std::abs(known_values[i]) > 1e15f;
    return (slope + 4 * kU) * std::abs(double{want}) + (lost ? 2 * kTiny : kTiny) + least;
  });
}

BRASA_TEST(unary_forward_equals_the_reference) {
  for (const Unary& f : functions()) {
    for (const int64_t count : lengths()) {
      check_forward(f, count, false);
      check_forward(f, count, true);
    }
  }
}

BRASA_TEST(unary_backward_equals_the_reference) {
  for (const Unary& f : functions()) {
    for (const int64_t count : {1, 5, 17, 64, 163, 3001}) {
      for (const Alias alias : {Alias::kNone, Alias::kDy, Alias::kKnown}) {
        check_backward(f, count, alias);
      }
    }
  }
}

// Every `step`-th float between two by their bits.
Values floats_between(uint32_t first, uint32_t last, uint32_t step) {
  Values x;
  for (uint64_t bits = first; bits < last; bits += step) {
    const auto low = static_cast<uint32_t>(bits);
    x.push_back(0.f);
    std::memcpy(&x.back(), &low, sizeof low);
  }
  return x;
}

template <class F>
void check_accuracy(const Unary& f, const Values& x, double bound, const F& truth) {
  for (const OpTable* table : available_tables()) {
    const Case name(table->name, " kind ", static_cast<int>(f.kind), " p ", f.exponent);
    Values y(x.size());
    const auto count = static_cast<int64_t>(x.size());
    Run{*table, 1}(
        0, [&](const Exec& exec) { table->unary_forward(exec, count, f, x.data(), y.data()); });
    double worst = 0;  // in ulp
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = truth(double{x[i]}), size = std::abs(want);
      if (size < 0x1p-125 || size > 0x1.fffffep127) continue;
      const double ulp = std::exp2(std::floor(std::log2(size)) - 23);
      const double error = std::abs(double{y[i]} - want) / ulp;
      if (!(error <= worst)) worst = error;
    }
    CHECK(worst < bound);
  }
}

// Over all exponents, more densely than the lanes of any period: what was measured (cpu/simd/functions.h), and little
// more.
BRASA_TEST(unary_is_accurate_everywhere) {
  const Values positive = floats_between(0x00800000, 0x7F800000, 50021);
  check_accuracy({UnaryKind::kLog, 0, 0, 0}, positive, 1, [](double x) { return std::log(x); });
  check_accuracy({UnaryKind::kLog, 0, 0, 0}, floats_between(0x3F7E0000, 0x3F820000, 31), 1,
                 [](double x) { return std::log(x); });
  for (const uint32_t sign : {0u, 0x80000000u}) {
    check_accuracy({UnaryKind::kExp, 0, 0, 0},
                   floats_between(sign + 0x30000000, sign + 0x42C00000, 9973), 1.3,
                   [](double x) { return std::exp(x); });
  }
  for (const uint32_t sign : {0u, 0x80000000u}) {
    check_accuracy({UnaryKind::kExpm1, 0, 0, 0},
                   floats_between(sign + 0x01000000, sign + 0x42B00000, 9973), 2,
                   [](double x) { return std::expm1(x); });
    check_accuracy({UnaryKind::kErf, 0, 0, 0},
                   floats_between(sign + 0x02800000, sign + 0x41200000, 9973), 2,
                   [](double x) { return std::erf(x); });
    check_accuracy({UnaryKind::kLog1p, 0, 0, 0},
                   floats_between(sign + 0x01000000, sign == 0 ? 0x7F800000 : 0xBF800000, 9973), 2,
                   [](double x) { return std::log1p(x); });
    // Some of whole turns, too, up to those past every table of pi.
    for (const uint32_t step : {50021u, 6133u}) {
      const Values turns = floats_between(sign + (step == 6133 ? 0x40000000 : 0x01000000),
                                          sign + (step == 6133 ? 0x47000000 : 0x7F800000), step);
      check_accuracy({UnaryKind::kSin, 0, 0, 0}, turns, 2.5, [](double x) { return std::sin(x); });
      check_accuracy({UnaryKind::kCos, 0, 0, 0}, turns, 2.5, [](double x) { return std::cos(x); });
    }
  }
  Values zeros;  // the floats next to multiples of pi / 2: what is left has the fewest bits
  for (int turn = 1; turn < 20000; ++turn) {
    zeros.push_back(static_cast<float>(turn * 1.5707963267948966));
  }
  check_accuracy({UnaryKind::kSin, 0, 0, 0}, zeros, 2.5, [](double x) { return std::sin(x); });
  check_accuracy({UnaryKind::kCos, 0, 0, 0}, zeros, 2.5, [](double x) { return std::cos(x); });
  check_accuracy({UnaryKind::kRsqrt, 0, 0, 0}, positive, 2,
                 [](double x) { return 1 / std::sqrt(x); });
  // Down to x = -87.3, and up to where softplus and mish are x.
  for (const uint32_t last : {0xC2AE9999u, 0x42AE9999u}) {
    const Values values = floats_between((last & 0x80000000) | 0x30000000, last, 9973);
    check_accuracy({UnaryKind::kSoftplus, 0, 0, 0}, values, 4,
                   [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); });
    check_accuracy({UnaryKind::kMish, 0, 0, 0}, values, 4,
                   [](double x) { return x * std::tanh(std::log1p(std::exp(x))); });
  }
  for (const double p : {-3., 1 / 3., 1., 2.2, 10.}) {
    check_accuracy({UnaryKind::kPower, 0, 0, p}, positive, 1.8,
                   [&](double x) { return std::pow(x, p); });
  }
  check_accuracy({UnaryKind::kPower, 0, 0, -100.}, floats_between(0x3F000000, 0x40000000, 1009), 10,
                 [](double x) { return std::pow(x, -100.); });
}

// As IEEE 754 has them, with denormals as 0.
BRASA_TEST(unary_at_the_ends_of_the_domains) {
  struct End {
    Unary f;
    float x, y;
  };
  const Unary log{UnaryKind::kLog, 0, 0, 0}, exp{UnaryKind::kExp, 0, 0, 0};
  const auto power = [](double p) { return Unary{UnaryKind::kPower, 0, 0, p}; };
  const Unary softplus{UnaryKind::kSoftplus, 0, 0, 0}, softsign{UnaryKind::kSoftsign, 0, 0, 0};
  const Unary mish{UnaryKind::kMish, 0, 0, 0}, relu6{UnaryKind::kRelu6, 0, 0, 0};
  const Unary hard_silu{UnaryKind::kHardSilu, 0, 0, 0};
  const Unary sqrt{UnaryKind::kSqrt, 0, 0, 0}, reciprocal{UnaryKind::kReciprocal, 0, 0, 0};
  const Unary log1p{UnaryKind::kLog1p, 0, 0, 0}, expm1{UnaryKind::kExpm1, 0, 0, 0};
  const Unary sin{UnaryKind::kSin, 0, 0, 0}, cos{UnaryKind::kCos, 0, 0, 0};
  const Unary erf{UnaryKind::kErf, 0, 0, 0}, rsqrt{UnaryKind::kRsqrt, 0, 0, 0};
  const Unary sign{UnaryKind::kSign, 0, 0, 0}, floor{UnaryKind::kFloor, 0, 0, 0};
  const Unary ceil{UnaryKind::kCeil, 0, 0, 0}, round{UnaryKind::kRound, 0, 0, 0};
  const End ends[] = {{log, 0.f, -kInf},
                      {log, -0.f, -kInf},
                      {log, 1e-40f, -kInf},
                      {log, kInf, kInf},
                      {log, -1.f, NAN},
                      {log, -kInf, NAN},
                      {log, 1.f, 0.f},
                      {exp, -kInf, 0.f},
                      {exp, kInf, kInf},
                      {exp, 89.f, kInf},
                      {exp, -104.f, 0.f},
                      {exp, 0.f, 1.f},
                      {power(0), NAN, 1.f},
                      {power(0), 0.f, 1.f},
                      {power(0.5), 0.f, 0.f},
                      {power(-0.5), 0.f, kInf},
                      {power(-0.5), kInf, 0.f},
                      {power(1.5), -1.f, NAN},
                      {power(3), -2.f, -8.f},
                      {power(-1), -0.f, -kInf},
                      {power(2), -kInf, kInf},
                      {power(3), -kInf, -kInf},
                      {power(7e7), 1.f, 1.f},
                      {power(1e30), 2.f, kInf},
                      {power(1e30), 0.5f, 0.f},
                      {power(2), 1e-40f, 0.f},
                      {sqrt, -1.f, NAN},
                      {sqrt, kInf, kInf},
                      {sqrt, -0.f, -0.f},
                      {reciprocal, 0.f, kInf},
                      {reciprocal, -0.f, -kInf},
                      {reciprocal, -kInf, -0.f},
                      {softplus, -kInf, 0.f},
                      {softplus, kInf, kInf},
                      {softplus, 1000.f, 1000.f},
                      {softsign, kInf, 1.f},
                      {softsign, -kInf, -1.f},
                      {mish, kInf, kInf},
                      {hard_silu, kInf, kInf},
                      {relu6, 7.f, 6.f},
                      {relu6, NAN, NAN},
                      {mish, NAN, NAN},
                      {softplus, NAN, NAN},
                      {softsign, NAN, NAN},
                      {log1p, -1.f, -kInf},
                      {log1p, -1.5f, NAN},
                      {log1p, -kInf, NAN},
                      {log1p, kInf, kInf},
                      {log1p, NAN, NAN},
                      {log1p, 0.f, 0.f},
                      {expm1, -kInf, -1.f},
                      {expm1, kInf, kInf},
                      {expm1, 89.f, kInf},
                      {expm1, NAN, NAN},
                      {expm1, 0.f, 0.f},
                      {erf, kInf, 1.f},
                      {erf, -kInf, -1.f},
                      {erf, NAN, NAN},
                      {erf, 0.f, 0.f},
                      {sin, kInf, NAN},
                      {sin, NAN, NAN},
                      {sin, 0.f, 0.f},
                      {cos, -kInf, NAN},
                      {cos, NAN, NAN},
                      {cos, 0.f, 1.f},
                      {rsqrt, 0.f, kInf},
                      {rsqrt, -1.f, NAN},
                      {rsqrt, kInf, 0.f},
                      {sign, -0.f, 0.f},
                      {sign, -kInf, -1.f},
                      {sign, NAN, NAN},
                      {floor, -0.5f, -1.f},
                      {floor, 0.7f, 0.f},
                      {floor, -0.f, -0.f},
                      {floor, kInf, kInf},
                      {floor, NAN, NAN},
                      {floor, 1e-40f, 0.f},
                      {ceil, 0.5f, 1.f},
                      {ceil, -0.7f, -0.f},
                      {ceil, -kInf, -kInf},
                      {ceil, NAN, NAN},
                      {round, 0.5f, 0.f},
                      {round, 1.5f, 2.f},
                      {round, 2.5f, 2.f},
                      {round, -0.5f, -0.f},
                      {round, kInf, kInf},
                      {round, NAN, NAN},
                      {floor, 8388607.5f, 8388607.f},
                      {ceil, -8388607.5f, -8388607.f}};
  for (const OpTable* table : available_tables()) {
    for (const End& end : ends) {
      const Case name(table->name, " kind ", static_cast<int>(end.f.kind), " x ", end.x);
      float y = -7;
      Run{*table, 1}(0,
                     [&](const Exec& exec) { table->unary_forward(exec, 1, end.f, &end.x, &y); });
      if (std::isnan(end.y)) {
        CHECK(std::isnan(y));
      } else {
        CHECK_EQ(y, end.y);
        CHECK(std::signbit(y) == std::signbit(end.y));
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test
