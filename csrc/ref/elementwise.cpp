#include "ref/kernels.h"

namespace brasa::ref {

void add(const Exec& exec, int64_t count, const Addends& addends, Activation activation, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) {
    float sum = addends.x[0][i];  // float: the contract's order names every rounding
    for (int j = 1; j < addends.count; ++j) sum += addends.x[j][i];
    y[i] = static_cast<float>(activate(activation, double{sum}));
  }
}

void add_bias(const Exec& exec, const AddBiasShape& s, const float* x, const float* b, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < s.rows * s.columns; ++i) {
    const float sum = x[i] + b[i % s.columns];
    y[i] = static_cast<float>(activate(s.activation, double{sum}));
  }
}

void multiply(const Exec& exec, int64_t count, const float* a, const float* b, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) y[i] = a[i] * b[i];
}

void scale(const Exec& exec, int64_t count, float factor, float offset, const float* x, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(double{factor} * x[i] + offset);
}

void copy_rows(const Exec& exec, const CopyRowsShape& shape, const float* src, float* dst) {
  if (exec.thread != 0) return;
  for (int64_t group = 0; group < shape.groups; ++group) {
    const float* from = src + group * shape.src_group;
    float* to = dst + group * shape.dst_group;
    for (int64_t row = 0; row < shape.rows; ++row) {
      for (int64_t column = 0; column < shape.columns; ++column) {
        to[row * shape.dst_stride + column] = from[row * shape.src_stride + column];
      }
    }
  }
}

void place_rows(const Exec& exec, const PlaceRowsShape& shape, const float* src, float* dst) {
  if (exec.thread != 0) return;
  for (int64_t row = 0; row < shape.rows; ++row) {
    for (int64_t i = 0; i < shape.width; ++i) {
      const int64_t column = i - shape.first;
      const bool inside = column >= 0 && column < shape.columns;
      dst[row * shape.width + i] = inside ? src[row * shape.columns + column] : 0.f;
    }
  }
}

}  // namespace brasa::ref
