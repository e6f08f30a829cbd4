#include "harness.h"

namespace brasa::test {
namespace {

// About half of them 0.
Values random_mask(int64_t count, uint32_t stream) {
  Values mask = random_values(count, stream);
  for (float& value : mask) value = value > 0 ? 1.f : 0.f;
  return mask;
}

BRASA_TEST(mask_of_ids_equals_the_reference) {
  for (const int64_t count : lengths()) {
    const Case name("count ", count);
    const Values u = random_values(count, 1, -3.f, 3.f);
    const Input<int32_t> ids(std::vector<int32_t>(u.begin(), u.end()));
    for (const int32_t value : {0, -2}) {
      check_tables(
          [&](const Run& run) {
            const Guarded<float> mask(count);
            run(0, [&](const Exec& exec) {
              run.table.mask_of_ids(exec, count, value, ids.data(), mask.data());
            });
            return mask.values();
          },
          kExact);
    }
  }
}

// Rows that differ from the value in no column, in one (each in turn), or in all.
Values padded_rows(int64_t rows, int64_t columns, float value) {
  Values x(static_cast<size_t>(rows * columns), value);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t kind = i % (columns + 2);
    for (int64_t j = 0; j < columns; ++j) {
      if (kind == j || kind == columns) x[static_cast<size_t>(i * columns + j)] = 0.5f;
    }
  }
  return x;
}

void check_of_rows(const MaskShape& s, const Values& values) {
  const Case name("rows ", s.rows, " columns ", s.columns, " value ", s.value);
  const Input<float> x(values);
  check_tables(
      [&](const Run& run) {
        const Guarded<float> mask(s.rows);
        run(0, [&](const Exec& exec) { run.table.mask_of_rows(exec, s, x.data(), mask.data()); });
        return mask.values();
      },
      kExact);
}

BRASA_TEST(mask_of_rows_equals_the_reference) {
  for (const int64_t columns : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}) {
    for (const int64_t rows : {0, 1, 2, 17, 61}) {
      for (const float value : {0.f, -1.f, NAN}) {
        check_of_rows({rows, columns, value}, padded_rows(rows, columns, value));
      }
      check_of_rows({rows, columns, 0.f}, padded_rows(rows, columns, NAN));
      check_of_rows({rows, columns, 0.f}, padded_rows(rows, columns, -0.f));
    }
  }
}

BRASA_TEST(mask_rows_equals_the_reference) {
  for (const int64_t columns : {1, 3, 8, 17, 64, 1500}) {
    for (const int64_t rows : {0, 1, 2, 37}) {
      const Case name("rows ", rows, " columns ", columns);
      Values values = random_values(rows * columns, 1);
      for (size_t i = 0; i < values.size(); i += 5) values[i] = NAN;
      const Input<float> x(values), mask(random_mask(rows, 2));
      for (const bool in_place : {false, true}) {
        check_tables(
            [&](const Run& run) {
              const Guarded<float> y(in_place ? values : Values(values.size(), 7.f));
              run(0, [&](const Exec& exec) {
                run.table.mask_rows(exec, {rows, columns, 0.f}, in_place ? y.data() : x.data(),
                                    mask.data(), y.data());
              });
              return y.values();
            },
            kExact);
      }
    }
  }
}

Values weights_of(const Run& run, const Values& mask_values, const Values& weight_values) {
  const int64_t rows = static_cast<int64_t>(mask_values.size());
  const Input<float> mask(mask_values), weight(weight_values);
  const Guarded<float> weights(rows);
  const Guarded<double> valid(1);
  run(0, [&](const Exec& exec) {
    run.table.mask_weights(exec, rows, mask.data(), weight.data_if(!weight_values.empty()),
                           weights.data(), valid.data());
  });
  return joined({weights.values(), {static_cast<float>(valid.values()[0])}});
}

BRASA_TEST(mask_weights_equals_the_reference) {
  for (const int64_t rows : lengths()) {
    const Case name("rows ", rows);
    const Values mask = random_mask(rows, 1), weight = random_values(rows, 2, 0.f, 3.f);
    // A product and a quotient in double, in the same order in all tables, and one rounding.
    check_tables([&](const Run& run) { return weights_of(run, mask, weight); }, kExact);
    check_tables([&](const Run& run) { return weights_of(run, mask, {}); }, kExact);
  }
}

BRASA_TEST(mask_weights_average_over_the_rows_that_count) {
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Run run = {*table, 1};
    CHECK((weights_of(run, {1, 0, 1, 0}, {}) == Values{2, 0, 2, 0, 2}));
    CHECK((weights_of(run, {1, 0, 0, 0}, {0.5f, NAN, 2, 3}) == Values{2, 0, 0, 0, 1}));
    CHECK((weights_of(run, {0, 0}, {1, 1}) == Values{0, 0, 0}));
  }
}

}  // namespace
}  // namespace brasa::test
