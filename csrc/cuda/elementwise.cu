#include "cuda/activate.cuh"
#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

struct Sum {
  Addends addends;
  Activation activation;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    float sum[V], next[V];
    load(addends.x[0] + i, sum);
    for (int j = 1; j < addends.count; ++j) {
      load(addends.x[j] + i, next);
      for (int l = 0; l < V; ++l) sum[l] += next[l];
    }
    for (int l = 0; l < V; ++l) sum[l] = activate(activation, sum[l]);
    store(y, i, sum);
  }
};

struct Biased {
  AddBiasShape shape;
  const float *x, *b;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    float v[V];
    load(x + i, v);
    for (int l = 0; l < V; ++l) {
      v[l] = activate(shape.activation, v[l] + b[(i + l) % shape.columns]);
    }
    store(y, i, v);
  }
};

struct Product {
  __device__ float operator()(const float (&v)[2]) const { return v[0] * v[1]; }
};

struct Affine {
  float factor, offset;
  __device__ float operator()(const float (&x)[1]) const { return fmaf(factor, x[0], offset); }
};

struct CopyRows2d {
  CopyRowsShape shape;
  const float* src;
  Out<float> dst;

  template <int V>
  __device__ void piece(int64_t i) const {
    const int64_t row = i / shape.columns % shape.rows, group = i / shape.columns / shape.rows;
    const int64_t column = i % shape.columns;
    float v[V];
    load(src + group * shape.src_group + row * shape.src_stride + column, v);
    store(dst, group * shape.dst_group + row * shape.dst_stride + column, v);
  }
};

struct PlaceRows2d {
  PlaceRowsShape shape;
  const float* src;
  Out<float> dst;

  template <int V>
  __device__ void piece(int64_t i) const {
    const int64_t row = i / shape.width, column = i % shape.width - shape.first;
    float v[V] = {};
    if (column >= 0 && column < shape.columns) load(src + row * shape.columns + column, v);
    store(dst, i, v);
  }
};

}  // namespace

void add(const Exec& exec, int64_t count, const Addends& addends, Activation activation, float* y) {
  bool wide = aligned16(y);
  for (int j = 0; j < addends.count; ++j) wide = wide && aligned16(addends.x[j]);
  for_pieces(exec, count, wide, Sum{addends, activation, y});
}

void add_bias(const Exec& exec, const AddBiasShape& s, const float* x, const float* b, float* y) {
  for_pieces(exec, s.rows * s.columns, aligned16(x, y), Biased{s, x, b, y});
}

void multiply(const Exec& exec, int64_t count, const float* a, const float* b, float* y) {
  map<2>(exec, count, Product{}, {{a, b}}, y);
}

void scale(const Exec& exec, int64_t count, float factor, float offset, const float* x, float* y) {
  map<1>(exec, count, Affine{factor, offset}, {{x}}, y);
}

void copy_rows(const Exec& exec, const CopyRowsShape& shape, const float* src, float* dst) {
  const int64_t sizes[] = {shape.columns, shape.src_stride, shape.dst_stride, shape.src_group,
                           shape.dst_group};
  bool wide = aligned16(src, dst);
  for (const int64_t size : sizes) wide = wide && size % 4 == 0;
  for_pieces(exec, shape.groups * shape.rows * shape.columns, wide, CopyRows2d{shape, src, dst});
}

void place_rows(const Exec& exec, const PlaceRowsShape& shape, const float* src, float* dst) {
  const bool whole_quads = shape.columns % 4 == 0 && shape.width % 4 == 0 && shape.first % 4 == 0;
  for_pieces(exec, shape.rows * shape.width, whole_quads && aligned16(src, dst),
             PlaceRows2d{shape, src, dst});
}

}  // namespace brasa::cuda
