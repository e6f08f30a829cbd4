#include "harness.h"

namespace brasa::test {
namespace {

constexpr int64_t kSourceRows = 37;

// y as float32, whatever it holds: whole numbers below 2^24 stay what they are.
template <class To, class From>
void check_gather(DType type, const GatherShape& s, const std::vector<From>& source,
                  bool with_index) {
  const Case name(name_of(type), " rows ", s.rows, " columns ", s.columns,
                  with_index ? " index" : "");
  const Values u = random_values(with_index ? s.rows : 0, 5, 0.f, float{kSourceRows});
  const Input<int64_t> index(std::vector<int64_t>(u.begin(), u.end()));
  const Input<From> x(source);
  check_tables(
      [&](const Run& run) {
        const Guarded<To> y(s.rows * s.columns);
        run(0, [&](const Exec& exec) {
          run.table.gather(exec, s, x.data(), index.data_if(with_index), y.data());
        });
        const std::vector<To> got = y.values();
        return Values(got.begin(), got.end());
      },
      kExact);
}

template <class To, class From>
void check_type(DType type, float low, float high) {
  for (const int64_t columns : {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 784, 3001}) {
    for (const int64_t rows : {0, 1, 2, 9, 37}) {
      for (const bool with_index : {false, true}) {
        // Without an index the source has just the rows that are read: the last ends at the guard.
        const int64_t source_rows = with_index ? kSourceRows : rows;
        const Values values = random_values(source_rows * columns, 1, low, high);
        const std::vector<From> source(values.begin(), values.end());
        check_gather<To, From>(type, {rows, columns, type}, source, with_index);
      }
    }
  }
}

BRASA_TEST(gather_float32_equals_the_reference) {
  check_type<float, float>(DType::kFloat32, -1, 1);
}
BRASA_TEST(gather_float64_equals_the_reference) {
  check_type<float, double>(DType::kFloat64, -1, 1);
}
BRASA_TEST(gather_uint8_equals_the_reference) { check_type<float, uint8_t>(DType::kUint8, 0, 256); }
BRASA_TEST(gather_int32_equals_the_reference) {
  check_type<int32_t, int32_t>(DType::kInt32, -1e6f, 1e6f);
}

BRASA_TEST(gather_float64_rounds_to_nearest) {
  const std::vector<double> source = {
      0.1,    1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-40, -1 - 3 * 0x1p-25, 1e-30, 3.4028234663852886e38,
      1.0 / 3};
  check_gather<float>(DType::kFloat64, {1, 7, DType::kFloat64}, source, false);
}

BRASA_TEST(gather_int32_keeps_every_bit) {
  const std::vector<int32_t> source = {INT32_MIN, INT32_MAX, -1, 0, 16777217, -16777217};
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Guarded<int32_t> y(6);
    const std::vector<int64_t> index = {1, 0};
    Run{*table, 1}(0, [&](const Exec& exec) {
      table->gather(exec, {2, 3, DType::kInt32}, source.data(), index.data(), y.data());
    });
    CHECK((y.values() == std::vector<int32_t>{0, 16777217, -16777217, INT32_MIN, INT32_MAX, -1}));
  }
}

}  // namespace
}  // namespace brasa::test
