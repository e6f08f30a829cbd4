#include "ref/kernels.h"
#include "ref/operand.h"

namespace brasa::ref {

void matmul(const Exec& exec, const MatmulShape& shape, const float* a, const float* b,
            const float* bias, float* c) {
  if (exec.thread != 0) return;
  const auto [batch, m, n, k, a_step, b_step, transpose_a, transpose_b, write, activation,
              precision] = shape;
  for (int64_t z = 0; z < batch; ++z) {
    const float* az = a + z * a_step;
    const float* bz = b + z * b_step;
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = bias == nullptr ? 0 : bias[j];
        for (int64_t l = 0; l < k; ++l) {
          const double a_il = operand(precision, transpose_a ? az[l * m + i] : az[i * k + l]);
          const double b_lj = operand(precision, transpose_b ? bz[j * k + l] : bz[l * n + j]);
          sum += a_il * b_lj;
        }
        float& out = c[(z * m + i) * n + j];
        out = static_cast<float>(write == Write::kAdd ? out + sum : activate(activation, sum));
      }
    }
  }
}

int64_t matmul_workspace(const MatmulShape&, int) { return 0; }

void bias_gradient(const Exec& exec, int64_t rows, int64_t columns, Write write, const float* dy,
                   float* db) {
  if (exec.thread != 0) return;
  for (int64_t j = 0; j < columns; ++j) {
    double sum = write == Write::kAdd ? db[j] : 0;
    for (int64_t i = 0; i < rows; ++i) sum += dy[i * columns + j];
    db[j] = static_cast<float>(sum);
  }
}

int64_t bias_gradient_workspace(int64_t, int64_t) { return 0; }

}  // namespace brasa::ref
