// Where a product goes: bias, activation, adding; or, where its depth is split over blocks, into a part of
// the workspace first, and from there, part by part in order, to the same place.
//
// The store of a tile knows only the straight activations. It is unrolled for up to 64 results, and 64 copies
// of tanh and exp made the kernels several times as long: curved ones take a pass of their own.
#pragma once

#include "core/exec.h"
#include "cuda/activate.cuh"
#include "cuda/flat.cuh"

namespace brasa::cuda {

// Row r of the result begins r * stride into it.
struct PlainRows {
  int64_t stride;
  __device__ int64_t offset(int64_t row) const { return row * stride; }
};

template <class Rows>
struct Result {
  Out<float> data;
  const float* bias;  // or null
  Activation activation;
  Write write;
  int64_t rows, columns;
  int64_t batch_step, bias_step;  // from one product of the batch to the next
  Rows layout;
  Out<float> parts;  // null where the depth is not split: (batch, split, row, column)
  int splits;
  bool wide;  // four columns at a time are in bounds, and at multiples of 16 bytes

  __device__ int64_t offset(int64_t batch, int split, int64_t row) const {
    if (parts) return ((batch * splits + split) * rows + row) * columns;
    return batch * batch_step + layout.offset(row);
  }

  __device__ float summed(int64_t batch, int64_t at, int64_t column, float v) const {
    if (bias != nullptr) v += bias[batch * bias_step + column];
    return write == Write::kAdd ? data.data[at + column] + v : v;
  }

  // v: four columns from `column` on.
  __device__ void store4(int64_t batch, int64_t at, int64_t column, float* v) const {
    if (column >= columns) return;
    const int left = static_cast<int>(columns - column < 4 ? columns - column : 4);
    if (!parts) {
      BRASA_UNROLL
      for (int l = 0; l < 4; ++l) {
        if (l < left) v[l] = straight(activation, summed(batch, at, column + l, v[l]));
      }
    }
    const Out<float> to = (parts ? parts : data) + (at + column);
    if (wide) {
      to.store4(0, make_float4(v[0], v[1], v[2], v[3]));
      return;
    }
    BRASA_UNROLL
    for (int l = 0; l < 4; ++l) {
      if (l < left) to[l] = v[l];
    }
  }
};

// The second half of a split product: one thread for each element.
template <class Rows>
__global__ void add_parts(Result<Rows> result, int64_t count) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) {
    const int64_t column = i % result.columns, row = i / result.columns % result.rows;
    const int64_t batch = i / result.columns / result.rows;
    const int64_t of_part = result.rows * result.columns;
    const float* part =
        result.parts.data + batch * result.splits * of_part + row * result.columns + column;
    float sum = part[0];
    for (int split = 1; split < result.splits; ++split) sum += part[split * of_part];
    const int64_t at = batch * result.batch_step + result.layout.offset(row);
    result.data[at + column] = activate(result.activation, result.summed(batch, at, column, sum));
  }
}

}  // namespace brasa::cuda
