#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

int64_t argmax(int64_t count, const float* row) {
  int64_t best = 0;
  for (int64_t j = 1; j < count && !std::isnan(row[best]); ++j) {
    if (row[j] > row[best] || std::isnan(row[j])) best = j;
  }
  return best;
}

}  // namespace

void accuracy(const Exec& exec, const AccuracyShape& shape, const float* pred,
              const AccuracyTarget& target, float* value) {
  if (exec.thread != 0) return;
  const auto [rows, classes, binary, threshold] = shape;
  int64_t right = 0, judged_rows = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const float* row = pred + i * classes;
    if (target.mask != nullptr && target.mask[i] == 0) continue;
    ++judged_rows;
    if (binary) {
      for (int64_t j = 0; j < classes; ++j) {
        right += (row[j] > threshold) == (target.dense[i * classes + j] > 0.5f);
      }
    } else {
      const int64_t want =
          target.labels != nullptr ? target.labels[i] : argmax(classes, target.dense + i * classes);
      right += argmax(classes, row) == want;
    }
  }
  // Nothing to judge gives 0, so that adding it to running totals changes nothing.
  const int64_t judged = binary ? judged_rows * classes : judged_rows;
  *value = judged == 0
               ? 0.f
               : static_cast<float>(static_cast<double>(right) / static_cast<double>(judged));
}

void accumulate(const Exec& exec, double count, const double* counted, const float* value,
                double* totals) {
  if (exec.thread != 0) return;
  if (counted != nullptr) count = *counted;
  totals[0] += *value * count;
  totals[1] += count;
}

}  // namespace brasa::ref
