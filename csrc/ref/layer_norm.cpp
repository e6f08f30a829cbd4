#include <cmath>
#include <limits>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

struct Row {
  double mean, scale;  // scale: 1 / sqrt(variance + epsilon)
};

Row row_of(const LayerNormShape& shape, const float* x) {
  const auto columns = static_cast<double>(shape.columns);
  double sum = 0, squares = 0;
  for (int64_t j = 0; j < shape.columns; ++j) sum += double{x[j]} - x[0];
  const double mean = x[0] + sum / columns;
  for (int64_t j = 0; j < shape.columns; ++j) squares += (x[j] - mean) * (x[j] - mean);
  if (squares > double{std::numeric_limits<float>::max()}) squares = std::nan("");
  return {mean, 1 / std::sqrt(squares / columns + shape.epsilon)};
}

}  // namespace

void layer_norm(const Exec& exec, const LayerNormShape& shape, const float* x, const float* gamma,
                const float* beta, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.rows; ++i, x += shape.columns, y += shape.columns) {
    const Row row = row_of(shape, x);
    for (int64_t j = 0; j < shape.columns; ++j) {
      const double h = (x[j] - row.mean) * row.scale;
      y[j] = static_cast<float>(h * (gamma ? gamma[j] : 1.0) + (beta ? beta[j] : 0.0));
    }
  }
}

void layer_norm_backward(const Exec& exec, const LayerNormShape& shape, const float* dy,
                         const float* x, const float* gamma, LayerNormGradients out) {
  if (exec.thread != 0) return;
  const int64_t C = shape.columns;
  Row* rows = reinterpret_cast<Row*>(exec.scratch);
  for (int64_t i = 0; i < shape.rows; ++i) rows[i] = row_of(shape, x + i * C);
  for (int64_t j = 0; j < C; ++j) {
    double dgamma = 0, dbeta = 0;
    for (int64_t i = 0; i < shape.rows; ++i) {
      dgamma += dy[i * C + j] * (x[i * C + j] - rows[i].mean) * rows[i].scale;
      dbeta += dy[i * C + j];
    }
    out.dgamma[j] = static_cast<float>(dgamma);
    out.dbeta[j] = static_cast<float>(dbeta);
  }
  for (int64_t i = 0; i < shape.rows; ++i, dy += C, x += C, out.dx += C) {
    const Row row = rows[i];
    const auto h = [&](int64_t j) { return (x[j] - row.mean) * row.scale; };
    const auto g = [&](int64_t j) { return double{dy[j]} * (gamma ? gamma[j] : 1.0); };
    double level = 0, slope = 0;
    for (int64_t j = 0; j < C; ++j) {
      level += g(j) / static_cast<double>(C);
      slope += g(j) * h(j) / static_cast<double>(C);
    }
    for (int64_t j = 0; j < C; ++j) {
      out.dx[j] = static_cast<float>(row.scale * (g(j) - level - h(j) * slope));
    }
  }
}

int64_t layer_norm_backward_workspace(const LayerNormShape& shape) {
  return shape.rows * static_cast<int64_t>(sizeof(Row));
}

}  // namespace brasa::ref
