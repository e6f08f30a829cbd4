#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// Whether class j of a row comes before class k.
bool before(const float* row, int64_t j, int64_t k) {
  if (std::isnan(row[j]) || std::isnan(row[k])) {
    return std::isnan(row[j]) && (!std::isnan(row[k]) || j < k);
  }
  return row[j] > row[k] || (row[j] == row[k] && j < k);
}

int64_t argmax(int64_t classes, const float* row) {
  int64_t best = 0;
  for (int64_t j = 1; j < classes; ++j) {
    if (before(row, j, best)) best = j;
  }
  return best;
}

bool among_the_first(int64_t top, int64_t classes, const float* row, int64_t want) {
  if (want < 0 || want >= classes) return false;
  int64_t others = 0;
  for (int64_t j = 0; j < classes; ++j) others += before(row, j, want);
  return others < top;
}

Verdict judge(Judged judged, bool predicted, bool wanted) {
  if (judged == Judged::kAll) return {predicted == wanted ? 1.0 : 0.0, 1};
  return {predicted && wanted ? 1.0 : 0.0,
          (judged == Judged::kPredicted ? predicted : wanted) ? 1.0 : 0.0};
}

}  // namespace

void accuracy(const Exec& exec, const AccuracyShape& shape, const float* pred,
              const AccuracyTarget& target, float* value, double* counted) {
  if (exec.thread != 0) return;
  const auto [rows, classes, binary, threshold, top, judged] = shape;
  Verdict all = {0, 0};
  for (int64_t i = 0; i < rows; ++i) {
    const float* row = pred + i * classes;
    const double times = target.mask == nullptr ? 1 : double{target.mask[i]};
    if (times == 0) continue;
    if (binary) {
      for (int64_t j = 0; j < classes; ++j) {
        const Verdict one = judge(judged, row[j] > threshold, target.dense[i * classes + j] > 0.5f);
        all.right += times * one.right, all.judged += times * one.judged;
      }
    } else {
      const int64_t want =
          target.labels != nullptr ? target.labels[i] : argmax(classes, target.dense + i * classes);
      all.right += among_the_first(top, classes, row, want) ? times : 0;
      all.judged += times;
    }
  }
  // Nothing to judge gives 0, so that adding it to running totals changes nothing.
  *counted = all.judged;
  *value = all.judged == 0 ? 0.f : static_cast<float>(all.right / all.judged);
}

void accumulate(const Exec& exec, double count, const double* counted, const float* value,
                double* totals) {
  if (exec.thread != 0) return;
  if (counted != nullptr) count = *counted;
  totals[0] += *value * count;
  totals[1] += count;
}

}  // namespace brasa::ref
