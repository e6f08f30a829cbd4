#include "cuda/recurrent.cuh"

#include "cuda/matrix.cuh"
#include "cuda/product.cuh"

namespace brasa::cuda {
namespace {

MatmulShape input_product(const RecurrentShape& s, int64_t columns) {
  return {1, s.N * s.T, columns, s.D, 0, 0, false, false, Write::kSet, {ActivationKind::kNone, 0}};
}

// dx = dgates @ w^T
MatmulShape data_product(const RecurrentShape& s, int64_t columns) {
  return {1, s.N * s.T, s.D, columns, 0, 0, false, true, Write::kSet, {ActivationKind::kNone, 0}};
}

// dw = x^T @ dgates
MatmulShape weight_product(const RecurrentShape& s, int64_t columns) {
  return {1, s.D, columns, s.N * s.T, 0, 0, true, false, Write::kSet, {ActivationKind::kNone, 0}};
}

Division recurrent_division(const RecurrentShape& s, int64_t columns) {
  return divide(1, s.U, columns, s.N * s.T);
}

__global__ void copy_rows_of_state(int64_t rows, int64_t columns, int64_t stride, const float* from,
                                   Out<float> to) {
  for (int64_t i = flat_thread(); i < rows * columns; i += flat_threads()) {
    to[i / columns * stride + i % columns] = from == nullptr ? 0.f : from[i];
  }
}

int64_t larger(int64_t a, int64_t b) { return a < b ? b : a; }
int64_t whole_lines(int64_t bytes) { return ceil_div(bytes, 64) * 64; }

}  // namespace

void copy_state(const Exec& exec, const RecurrentShape& s, const float* from, float* to,
                int64_t stride) {
  if (to == nullptr || s.N == 0) return;
  launch(exec, flat_launch(s.N * s.U), copy_rows_of_state, s.N, s.U, stride, from, to);
}

void begin_states(const Exec& exec, const States& states, const float* first) {
  const RecurrentShape& s = states.q.s;
  if (s.T == 0) return copy_state(exec, s, first, states.last.data, s.U);
  copy_state(exec, s, first, states.entering.data + time_of(s, 0) * s.U, s.T * s.U);
}

void input_sums(const Exec& exec, const RecurrentShape& s, int64_t columns,
                const RecurrentInputs& in, float* sums) {
  matmul(exec, input_product(s, columns), in.x, in.w, in.b, sums);
}

void input_gradients(const Exec& exec, const RecurrentShape& s, int64_t columns,
                     const float* dgates, const RecurrentSlopes& in,
                     const RecurrentGradients& out) {
  if (out.dx != nullptr) matmul(exec, data_product(s, columns), dgates, in.w, nullptr, out.dx);
  if (out.dw != nullptr) matmul(exec, weight_product(s, columns), in.x, dgates, nullptr, out.dw);
  if (out.db != nullptr) bias_gradient(exec, s.N * s.T, columns, Write::kSet, dgates, out.db);
}

void recurrent_gradient(const Exec& exec, const RecurrentShape& s, const RecurrentColumns& columns,
                        const float* left, const float* dgates, float* du) {
  if (du == nullptr) return;
  float* const to = du + columns.first;
  const int64_t steps = s.N * s.T;
  const Matrix<false> a{left, s.U, steps, s.U, 0};
  const Matrix<false> b{dgates + columns.first, columns.count, steps, columns.all, 0};
  const bool wide = columns.count % 4 == 0 && columns.all % 4 == 0 && aligned16(to);
  const Result<PlainRows> result{to,          nullptr, {ActivationKind::kNone, 0},
                                 Write::kSet, s.U,     columns.count,
                                 0,           0,       {columns.all},
                                 {},          1,       wide};
  multiply(exec, 1, steps, a, b, result, recurrent_division(s, columns.count));
}

int64_t input_sums_workspace(const RecurrentShape& s, int64_t columns) {
  return whole_lines(matmul_workspace(input_product(s, columns), 1));
}

int64_t gradients_workspace(const RecurrentShape& s, int64_t columns) {
  int64_t most = larger(matmul_workspace(data_product(s, columns), 1),
                        matmul_workspace(weight_product(s, columns), 1));
  most = larger(most, bias_gradient_workspace(s.N * s.T, columns));
  for (int64_t count = s.U; count <= columns; count += s.U) {
    most = larger(most, recurrent_division(s, count).workspace(1, s.U, count));
  }
  return whole_lines(most);
}

}  // namespace brasa::cuda
