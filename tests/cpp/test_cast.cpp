#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

constexpr int32_t kLeast = INT32_MIN, kLargest = INT32_MAX;

BRASA_TEST(cast_float_equals_the_reference) {
  const int32_t special[] = {0, 1, -1, 1 << 24, (1 << 24) + 1, -(1 << 24) - 3, kLeast, kLargest};
  for (const int64_t count : lengths()) {
    const Case name("count ", count);
    const Values u = random_values(count, 1, -1e9f, 1e9f);
    std::vector<int32_t> whole(u.begin(), u.end());
    for (size_t i = 0; i < whole.size(); i += 3) whole[i] = special[i / 3 % std::size(special)];
    const Input<int32_t> x(whole);
    check_tables(
        [&](const Run& run) {
          const Guarded<float> y(count);
          run(0, [&](const Exec& exec) { run.table.cast_float(exec, count, x.data(), y.data()); });
          return y.values();
        },
        kExact);
  }
}

struct End {
  float x;
  int32_t y;
};

// Either side of what int32 holds, and of whole numbers.
constexpr float kInf = std::numeric_limits<float>::infinity();
const End kEnds[] = {{0.f, 0},
                     {-0.f, 0},
                     {0.9f, 0},
                     {-0.9f, 0},
                     {2.5f, 2},
                     {-2.5f, -2},
                     {1e-40f, 0},
                     {8388607.5f, 8388607},
                     {-16777216.f, -16777216},
                     {0x1.fffffep30f, 2147483520},
                     {0x1p31f, kLargest},
                     {-0x1p31f, kLeast},
                     {-0x1.000002p31f, kLeast},
                     {kInf, kLargest},
                     {-kInf, kLeast},
                     {NAN, 0}};

BRASA_TEST(cast_int_drops_fractions_and_stays_in_range) {
  for (const int64_t count : lengths()) {
    Values values = random_values(count, 1, -3e3f, 3e3f);
    for (size_t i = 0; i < values.size(); i += 2) values[i] = kEnds[i / 2 % std::size(kEnds)].x;
    const Input<float> x(values);
    for (const OpTable* table : available_tables()) {
      for (const int threads : {1, 3}) {
        const Case name(table->name, " count ", count, " threads ", threads);
        const Guarded<int32_t> y(count);
        Run{*table, threads}(
            0, [&](const Exec& exec) { table->cast_int(exec, count, x.data(), y.data()); });
        const std::vector<int32_t> got = y.values();
        for (size_t i = 0; i < values.size(); ++i) {
          const int32_t want =
              i % 2 == 0 ? kEnds[i / 2 % std::size(kEnds)].y : static_cast<int32_t>(values[i]);
          CHECK_EQ(got[i], want);
        }
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test
