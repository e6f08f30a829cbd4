// A stored matrix as an operand of multiply_tiles().
#pragma once

#include "cuda/flat.cuh"

namespace brasa::cuda {

// Line `i` is row i of the left operand, or column i of the right one. AlongDepth: the elements of a line
// are neighbours in memory; else those of one depth are. stride: from one line, or one depth, to the
// next. With V == 4 no piece is cut by an edge (fits_quads).
template <bool AlongDepth>
struct Matrix {
  static constexpr bool kAlongDepth = AlongDepth;
  const float* data;
  int64_t lines, depth, stride;
  int64_t batch_step;

  struct Line {
    const float* at;  // null past the last
  };

  __device__ Matrix of(int64_t batch) const {
    Matrix moved = *this;
    moved.data += batch * batch_step;
    return moved;
  }
  __device__ Line line(int64_t i) const {
    return {i < lines ? data + (kAlongDepth ? i * stride : i) : nullptr};
  }
  template <int V>
  __device__ void load(const Line& line, int64_t k, float (&v)[V]) const {
    if (line.at != nullptr && k < depth) {
      cuda::load(line.at + (kAlongDepth ? k : k * stride), v);
    } else {
      BRASA_UNROLL
      for (int l = 0; l < V; ++l) v[l] = 0.f;
    }
  }
  bool fits_quads() const {
    return (kAlongDepth ? depth : lines) % 4 == 0 && stride % 4 == 0 && batch_step % 4 == 0 &&
           aligned16(data);
  }
};

}  // namespace brasa::cuda
