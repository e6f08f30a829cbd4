#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

// Squares of 32 x 32 turn in shared memory, so that x is read and y written by whole lines. One more column
// keeps the threads that read a column out of each other's banks. Traffic: x read, y written.
constexpr int kSquare = 32;
constexpr int kSquareRows = 8;  // of threads: each moves four floats

// The plane of y's last axis and of the axis along which x is dense.
struct Squares {
  TransposeShape s;
  const float* x;
  Out<float> y;
  int row_axis;
  int64_t down, across, y_row;

  __device__ void operator()(int64_t square) const {
    BRASA_SHARED(float, turned, kSquare*(kSquare + 1));
    const int64_t columns = s.extents[s.rank - 1], step = s.strides[s.rank - 1];
    const int64_t rows = s.extents[row_axis];
    int64_t plane = square / (down * across), from = 0, to = 0, y_step = columns;
    for (int axis = s.rank - 2; axis >= 0; --axis) {
      if (axis != row_axis) {
        from += plane % s.extents[axis] * s.strides[axis];
        to += plane % s.extents[axis] * y_step;
        plane /= s.extents[axis];
      }
      y_step *= s.extents[axis];
    }
    const int64_t row = square / across % down * kSquare, column = square % across * kSquare;
    const int at = static_cast<int>(threadIdx.x);
    for (int i = static_cast<int>(threadIdx.y); i < kSquare; i += kSquareRows) {
      if (row + at < rows && column + i < columns) {
        turned[i * (kSquare + 1) + at] = x[from + (column + i) * step + row + at];
      }
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.y); i < kSquare; i += kSquareRows) {
      if (row + i < rows && column + at < columns) {
        y[to + (row + i) * y_row + column + at] = turned[at * (kSquare + 1) + i];
      }
    }
    __syncthreads();  // the next square overwrites this one
  }
};

__global__ void run_squares(int64_t squares, Squares f) {
  for (int64_t i = blockIdx.x; i < squares; i += gridDim.x) f(i);
}

// Both are dense along y's last axis.
struct Rows {
  TransposeShape s;
  const float* x;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    int64_t rest = i, from = 0;
    for (int axis = s.rank - 1; axis >= 0; --axis) {
      from += rest % s.extents[axis] * s.strides[axis];
      rest /= s.extents[axis];
    }
    float v[V];
    load(x + from, v);
    store(y, i, v);
  }
};

void turn(const Exec& exec, const TransposeShape& s, int64_t count, const float* x, float* y) {
  const int last = s.rank - 1;
  int row_axis = 0;
  while (s.strides[row_axis] != 1) ++row_axis;
  int64_t y_row = 1;
  for (int axis = row_axis + 1; axis <= last; ++axis) y_row *= s.extents[axis];
  const int64_t rows = s.extents[row_axis], columns = s.extents[last];
  const int64_t down = ceil_div(rows, kSquare), across = ceil_div(columns, kSquare);
  const int64_t squares = count / (rows * columns) * down * across;
  const auto blocks = static_cast<unsigned>(squares < kFlatBlocks ? squares : kFlatBlocks);
  launch(exec, Launch{dim3(blocks), dim3(kSquare, kSquareRows)}, run_squares, squares,
         Squares{s, x, y, row_axis, down, across, y_row});
}

}  // namespace

void transpose(const Exec& exec, const TransposeShape& s, const float* x, float* y) {
  int64_t count = 1;
  for (int axis = 0; axis < s.rank; ++axis) count *= s.extents[axis];
  if (count == 0) return;
  if (s.strides[s.rank - 1] != 1) return turn(exec, s, count, x, y);
  bool wide = aligned16(x, y) && s.extents[s.rank - 1] % 4 == 0;
  for (int axis = 0; axis + 1 < s.rank; ++axis) wide = wide && s.strides[axis] % 4 == 0;
  for_pieces(exec, count, wide, Rows{s, x, y});
}

}  // namespace brasa::cuda
