#include "ref/recurrent.h"

namespace brasa::ref {

double dot(int64_t count, const float* row, const float* matrix, int64_t columns, int64_t column) {
  double sum = 0;
  for (int64_t l = 0; l < count; ++l) sum += double{row[l]} * matrix[l * columns + column];
  return sum;
}

double dot_transposed(int64_t columns, const double* row, const float* matrix, int64_t l) {
  double sum = 0;
  for (int64_t j = 0; j < columns; ++j) sum += row[j] * matrix[l * columns + j];
  return sum;
}

bool is_masked(const RecurrentShape& s, const float* mask, int64_t n, int64_t step) {
  return mask != nullptr && mask[n * s.T + time_of(s, step)] == 0;
}

void copy_state(const RecurrentShape& s, const float* from, float* to) {
  if (to == nullptr) return;
  for (int64_t i = 0; i < s.N * s.U; ++i) to[i] = from == nullptr ? 0.f : from[i];
}

void input_gradients(const RecurrentShape& s, int64_t columns, const double* dgates, const float* x,
                     const float* w, float* dx, float* dw, float* db) {
  if (dx != nullptr) {
    for (int64_t step = 0; step < s.T; ++step) {
      for (int64_t n = 0; n < s.N; ++n) {
        const double* row = dgates + (step * s.N + n) * columns;
        float* to = dx + (n * s.T + time_of(s, step)) * s.D;
        for (int64_t d = 0; d < s.D; ++d) {
          to[d] = static_cast<float>(dot_transposed(columns, row, w, d));
        }
      }
    }
  }
  for (int64_t d = 0; d <= s.D; ++d) {  // d == D: the bias, whose x is 1
    float* to = d == s.D ? db : dw;
    if (to == nullptr) continue;
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t step = 0; step < s.T; ++step) {
        for (int64_t n = 0; n < s.N; ++n) {
          const double x_d = d == s.D ? 1 : x[(n * s.T + time_of(s, step)) * s.D + d];
          sum += x_d * dgates[(step * s.N + n) * columns + j];
        }
      }
      to[(d == s.D ? 0 : d * columns) + j] = static_cast<float>(sum);
    }
  }
}

void recurrent_gradient(const RecurrentShape& s, const Columns& columns, const double* dgates,
                        const float* h, float* du) {
  if (du == nullptr) return;
  for (int64_t l = 0; l < s.U; ++l) {
    for (int64_t j = columns.first; j < columns.first + columns.count; ++j) {
      double sum = 0;
      for (int64_t row = 0; row < s.T * s.N; ++row) {
        sum += double{h[row * s.U + l]} * dgates[row * columns.all + j];
      }
      du[l * columns.all + j] = static_cast<float>(sum);
    }
  }
}

}  // namespace brasa::ref
