#include "core/random.h"
#include "harness.h"

namespace brasa::test {
namespace {

Values warped(const Run& run, const Warp2dShape& s, const Values& xs, bool drawn = true) {
  const Input<float> x(xs);
  const Input<int64_t> state(std::vector<int64_t>{42, 7});
  const Guarded<float> y(s.N * s.P * s.Q * s.C);
  run(0, [&](const Exec& exec) {
    run.table.warp2d_forward(exec, s, drawn ? state.data() : nullptr, x.data(), y.data());
  });
  return y.values();
}

Values returned(const Run& run, const Warp2dShape& s, const Values& dys) {
  const Input<float> dy(dys);
  const Input<int64_t> state(std::vector<int64_t>{42, 7});
  const Guarded<float> dx(s.N * s.H * s.W * s.C);
  run(0, [&](const Exec& exec) {
    run.table.warp2d_backward(exec, s, state.data(), dy.data(), dx.data());
  });
  return dx.values();
}

// Four products: roundings of a weight, of a product, and of three sums, each of at most all of what is added.
constexpr double kFour = 6 * kU;

void check_warp2d(const Warp2dShape& s) {
  const Case name("x (", s.N, ",", s.H, ",", s.W, ",", s.C, ") y (", s.P, ",", s.Q, ") angle ",
                  s.angle.low, "..", s.angle.high, " height ", s.height.low, " fill ",
                  static_cast<int>(s.fill), " nearest ", s.nearest);
  const Values x = random_values(s.N * s.H * s.W * s.C, 1);
  check_tables([&](const Run& run) { return warped(run, s, x); },
               [](size_t, float) { return 3 * kFour; });  // fill_value is up to 2.5

  const Run ref{ref::table, 1};
  const Values dy = random_values(s.N * s.P * s.Q * s.C, 2);
  const Values sizes = returned(ref, s, absolute(dy));
  const double addends = static_cast<double>(4 * s.P * s.Q + 2);
  check_tables([&](const Run& run) { return returned(run, s, dy); },
               [&](size_t i, float) { return addends * kU * double{sizes[i]}; });
}

constexpr Fill kFills[] = {Fill::kConstant, Fill::kNearest, Fill::kReflect, Fill::kWrap};

Warp2dShape sized(int64_t N, int64_t H, int64_t W, int64_t C, int64_t P, int64_t Q) {
  return {N, H, W, C, P, Q, {0, 0}, {1, 1}, {1, 1}, false, false, Fill::kNearest, 0.f, 3};
}

BRASA_TEST(warp2d_equals_the_reference_where_images_are_resized) {
  for (const bool nearest : {false, true}) {
    for (const int64_t C : {1, 3, 4, 17, 70}) {
      Warp2dShape s = sized(3, 5, 7, C, 8, 4);
      s.nearest = nearest;
      check_warp2d(s);
    }
    for (Warp2dShape s : {sized(2, 1, 1, 3, 3, 2), sized(2, 9, 8, 2, 1, 1), sized(1, 4, 4, 1, 8, 8),
                          sized(0, 5, 5, 3, 2, 2), sized(2, 5, 5, 0, 2, 2)}) {
      s.nearest = nearest;
      check_warp2d(s);
    }
  }
}

BRASA_TEST(warp2d_equals_the_reference_where_transforms_are_drawn) {
  for (const Fill fill : kFills) {
    for (const bool nearest : {false, true}) {
      Warp2dShape s = sized(5, 6, 9, 3, 6, 9);
      s.fill = fill, s.fill_value = -2.5f, s.nearest = nearest;
      s.angle = {-0.3, 0.4}, s.height = {0.5, 3}, s.width = {0.7, 4};
      check_warp2d(s);
      s.angle = {0, 0}, s.one_zoom = true;
      check_warp2d(s);
      s.P = 4, s.Q = 5, s.angle = {-2, 2};
      check_warp2d(s);
    }
  }
}

BRASA_TEST(warp2d_fills_where_there_is_no_image) {
  Warp2dShape s = sized(2, 0, 0, 3, 4, 4);
  s.fill = Fill::kConstant, s.fill_value = 0.5f;
  CHECK(warped(Run{ref::table, 1}, s, {}) == Values(2 * 4 * 4 * 3, 0.5f));
  check_warp2d(s);
}

// What is moved by whole pixels keeps its value; a pixel of weight 0 is not even read.
BRASA_TEST(warp2d_moves_the_bits_of_what_is_not_finite) {
  for (const double turns : {0.0, 0.25, 0.5, -0.25, 2.0}) {
    Warp2dShape s = sized(1, 4, 4, 2, 4, 4);
    s.angle = {turns, turns};
    Values x = random_values(32, 1);
    x[5] = NAN, x[12] = -INFINITY, x[20] = -0.f;
    const Values y = warped(Run{ref::table, 1}, s, x, false);
    int infinite = 0, unknown = 0;
    for (const float value : y) infinite += std::isinf(value), unknown += std::isnan(value);
    CHECK_EQ(infinite, 1);
    CHECK_EQ(unknown, 1);
    if (turns == 0.0 || turns == 2.0) check_same_bits(y, x);
    check_tables([&](const Run& run) { return warped(run, s, x, false); }, kExact);
  }
}

BRASA_TEST(warp2d_directions_are_those_of_libm_and_quarters_exact) {
  for (int i = -4000; i <= 4000; ++i) {
    const double turns = i * 0.000937, angle = turns * 6.283185307179586477;
    const Direction to = direction_of(turns);
    CHECK(std::abs(to.cosine - std::cos(angle)) < 1e-14);
    CHECK(std::abs(to.sine - std::sin(angle)) < 1e-14);
  }
  for (int i = -8; i <= 8; ++i) {
    const Direction to = direction_of(i * 0.25);
    CHECK_EQ(to.cosine, i % 2 != 0 ? 0.0 : i % 4 == 0 ? 1.0 : -1.0);
    CHECK_EQ(to.sine, i % 2 == 0 ? 0.0 : (i + 8) % 4 == 1 ? 1.0 : -1.0);
  }
}

// The definition, word by word.
BRASA_TEST(warp2d_draws_the_words_of_the_contract) {
  Warp2dShape s = sized(1, 5, 5, 1, 5, 5);
  s.node = 9;
  s.height = {0.5, 2.5}, s.width = {1, 4};
  const int64_t state[] = {77, 3};
  for (int64_t n = 0; n < 50; ++n) {
    const Philox words = philox(77, static_cast<uint64_t>(n), (uint64_t{3} << 32) + 9);
    const Warp2d warp = drawn_warp(s, state, n);
    CHECK(std::abs(warp.a - (0.5 + 2 * (words.word[1] * 0x1p-32))) < 1e-12);
    CHECK(std::abs(warp.e - (1 + 3 * (words.word[2] * 0x1p-32))) < 1e-12);
    s.one_zoom = true;
    CHECK_EQ(drawn_warp(s, state, n).e, warp.a);
    s.one_zoom = false;
  }
  s.height = s.width = {1, 1}, s.angle = {-0.125, 0.125};
  const uint32_t word = philox(77, 4, (uint64_t{3} << 32) + 9).word[0];
  CHECK(std::abs(drawn_warp(s, state, 4).b -
                 std::sin((-0.125 + 0.25 * (word * 0x1p-32)) * 6.283185307179586)) < 1e-12);
}

}  // namespace
}  // namespace brasa::test
