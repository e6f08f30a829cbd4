#include <limits>

#include "harness.h"

namespace brasa::test {
namespace {

std::vector<int32_t> random_labels(int64_t rows, int64_t classes, uint32_t stream) {
  const Values u = random_values(rows, stream, 0.f, static_cast<float>(classes));
  return std::vector<int32_t>(u.begin(), u.end());
}

// Few different values, so that ties are common.
Values coarse(int64_t count, uint32_t stream) {
  Values values = random_values(count, stream, -2.f, 2.f);
  for (float& value : values) value = std::round(value);
  return values;
}

void check_accuracy(const AccuracyShape& s, bool with_labels, bool with_mask, const Values& preds) {
  const Case name("rows ", s.rows, " classes ", s.classes, " top ", s.top,
                  s.binary ? " binary" : "", static_cast<int>(s.judged),
                  with_labels ? " labels" : "", with_mask ? " mask" : "");
  Values third(static_cast<size_t>(with_mask ? s.rows : 0), 0.f);
  for (size_t i = 0; i < third.size(); i += 3) third[i] = i % 2 == 0 ? 1.f : 2.75f;
  const Input<float> mask(third);
  const Input<float> pred(preds);
  const Input<float> target(coarse(with_labels ? 0 : s.rows * s.classes, 2));
  const Input<int32_t> labels(random_labels(with_labels ? s.rows : 0, s.classes, 3));
  check_tables(
      [&](const Run& run) {
        const Guarded<float> value(1);
        const Guarded<double> counted(1);
        run(metric_workspace(s.rows), [&](const Exec& exec) {
          const AccuracyTarget judged = {labels.data_if(with_labels), target.data_if(!with_labels),
                                         mask.data_if(with_mask)};
          run.table.accuracy(exec, s, pred.data(), judged, value.data(), counted.data());
        });
        return Values{value.values()[0], static_cast<float>(counted.values()[0])};
      },
      // Counts are quarters: one division, in float32 or double.
      [](size_t, float want) { return 2 * kU * want; });
}

BRASA_TEST(accuracy_equals_the_reference) {
  for (const int64_t rows : {0, 1, 2, 63, 64, 65, 128, 1009, 5003}) {
    for (const int64_t classes : {1, 2, 3, 7, 8, 9, 10, 16, 17, 33}) {
      Values preds = coarse(rows * classes, 1);
      check_accuracy({rows, classes, true, 0.f}, false, false, preds);
      for (const bool with_mask : {false, true}) {
        check_accuracy({rows, classes, false, 0.5f}, true, with_mask, preds);
        check_accuracy({rows, classes, true, 0.5f}, false, with_mask, preds);
        if (classes > 1) check_accuracy({rows, classes, false, 0.5f}, false, with_mask, preds);
        // Of the kinds below many rows say nothing new of a row's end.
        if (rows > 1009 || rows % 2 == 0 || (rows > 128 && classes % 8 > 2)) continue;
        check_accuracy({rows, classes, false, 0.5f, 3}, classes % 2 == 0, with_mask, preds);
        for (const Judged judged : {Judged::kPredicted, Judged::kWanted}) {
          check_accuracy({rows, classes, true, 0.5f, 1, judged}, false, with_mask, preds);
        }
      }
      for (size_t i = 0; i < preds.size(); ++i) {
        if (i % 5 == 3) preds[i] = NAN;
        if (i % 7 == 2) preds[i] = -std::numeric_limits<float>::infinity();
      }
      check_accuracy({rows, classes, false, 0.5f}, true, false, preds);
      check_accuracy({rows, classes, false, 0.5f, 2}, true, false, preds);
      check_accuracy({rows, classes, true, -0.5f}, false, false, preds);
    }
  }
}

BRASA_TEST(accuracy_reference_gives_the_worked_example) {
  // Right; a tie, which goes to class 0; NaN wins; -inf only: class 0.
  const float inf = std::numeric_limits<float>::infinity();
  const Values pred = {0, 1, 2, 3, 3, 0, 9, NAN, NAN, -inf, -inf, -inf};
  const std::vector<int32_t> labels = {2, 1, 1, 0};
  float value = -1;
  double counted = -1;
  const auto judge = [&](int64_t top) {
    Run{ref::table, 1}(metric_workspace(4), [&](const Exec& exec) {
      const AccuracyTarget target = {labels.data(), nullptr, nullptr};
      ref::table.accuracy(exec, {4, 3, false, 0.5f, top}, pred.data(), target, &value, &counted);
    });
  };
  judge(1);
  CHECK_EQ(value, 0.75f);
  CHECK_EQ(counted, 4.0);
  judge(2);
  CHECK_EQ(value, 1.f);
}

BRASA_TEST(accuracy_of_a_label_that_is_no_class_is_0) {
  const Values pred = {0, 1, 1, 0};
  const std::vector<int32_t> labels = {-1, 2};
  for (const OpTable* table : available_tables()) {
    for (const int64_t top : {1, 2}) {
      const Case name(table->name, " top ", top);
      float value = -1;
      double counted = -1;
      Run{*table, 1}(metric_workspace(2), [&](const Exec& exec) {
        const AccuracyTarget target = {labels.data(), nullptr, nullptr};
        table->accuracy(exec, {2, 2, false, 0.5f, top}, pred.data(), target, &value, &counted);
      });
      CHECK_EQ(value, 0.f);
      CHECK_EQ(counted, 2.0);
    }
  }
}

BRASA_TEST(accuracy_counts_no_row_that_the_mask_leaves_out) {
  const Values pred = {0, 1, 1, 0, 0, 1};
  const std::vector<int32_t> labels = {1, 1, 1};
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const auto judge = [&](const Values& mask) {
      float value = -1;
      double counted = -1;
      Run{*table, 1}(metric_workspace(3), [&](const Exec& exec) {
        const AccuracyTarget target = {labels.data(), nullptr, mask.data()};
        table->accuracy(exec, {3, 2, false, 0.5f}, pred.data(), target, &value, &counted);
      });
      CHECK_EQ(counted, mask[0] + mask[1] + mask[2]);
      return value;
    };
    CHECK_EQ(judge({1, 1, 0}), 0.5f);
    CHECK_EQ(judge({1, 0, 1}), 1.f);
    CHECK_EQ(judge({0.5f, 3, 0}), 0.5f / 3.5f);
    CHECK_EQ(judge({0, 0, 0}), 0.f);
  }
}

BRASA_TEST(accumulate_adds_value_times_count) {
  for (const OpTable* table : available_tables()) {
    for (const int threads : {1, 2, 3}) {
      const Case name(table->name, " ", threads, " threads");
      const Input<float> value(Values{0.625f});
      const Guarded<double> totals(std::vector<double>{0.1, 3});
      Run{*table, threads}(0, [&](const Exec& exec) {
        table->accumulate(exec, 128, nullptr, value.data(), totals.data());
      });
      // 80 is exact, so one rounding is left, with or without a fused multiply-add.
      CHECK_EQ(totals.values()[0], 80.1);
      CHECK_EQ(totals.values()[1], 131.0);
      const double counted = 2;
      Run{*table, threads}(0, [&](const Exec& exec) {
        table->accumulate(exec, 128, &counted, value.data(), totals.data());
      });
      CHECK_EQ(totals.values()[0], 81.35);
      CHECK_EQ(totals.values()[1], 133.0);
    }
  }
}

}  // namespace
}  // namespace brasa::test
