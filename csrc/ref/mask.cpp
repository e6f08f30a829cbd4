#include "ref/kernels.h"

namespace brasa::ref {

void mask_of_ids(const Exec& exec, int64_t count, int32_t value, const int32_t* ids, float* mask) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) mask[i] = ids[i] != value ? 1.f : 0.f;
}

void mask_of_rows(const Exec& exec, const MaskShape& shape, const float* x, float* mask) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows; ++i) {
    bool differs = false;
    for (int64_t j = 0; j < shape.columns; ++j) differs |= x[i * shape.columns + j] != shape.value;
    mask[i] = differs ? 1.f : 0.f;
  }
}

void mask_rows(const Exec& exec, const MaskShape& shape, const float* x, const float* mask,
               float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows; ++i) {
    for (int64_t j = i * shape.columns; j < (i + 1) * shape.columns; ++j) {
      y[j] = mask[i] != 0 ? x[j] : 0.f;
    }
  }
}

void mask_weights(const Exec& exec, int64_t rows, const float* mask, const float* weight,
                  float* weights, double* valid) {
  if (exec.thread != 0) return;
  int64_t count = 0;
  for (int64_t i = 0; i < rows; ++i) count += mask[i] != 0;
  for (int64_t i = 0; i < rows; ++i) {
    const double own = weight == nullptr ? 1 : weight[i];
    weights[i] =
        mask[i] != 0
            ? static_cast<float>(own * static_cast<double>(rows) / static_cast<double>(count))
            : 0.f;
  }
  *valid = static_cast<double>(count);
}

}  // namespace brasa::ref
