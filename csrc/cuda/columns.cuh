// Sums over the rows of a matrix, for each column: chunks of rows that follow from the shape alone, each
// summed by one block for 32 columns, then the chunks in order. All in double precision: the loads take
// longer, even where a multiprocessor has only two such units.
#pragma once

#include "cuda/flat.cuh"

namespace brasa::cuda {

// A block of 8 warps: a warp reads 32 neighbouring columns of a row at once.
constexpr int kColumns = 32, kRowLanes = 8;
// Rows of a chunk, 8 for each thread; longer chunks where there would be more of them, which are summed one
// after the other.
constexpr int64_t kChunkRows = 64, kMostChunks = 256;

struct ColumnChunks {
  int64_t rows, columns, chunks;

  __host__ __device__ int64_t begin(int64_t chunk) const { return rows * chunk / chunks; }
  __host__ __device__ int64_t length(int64_t chunk) const {
    return begin(chunk + 1) - begin(chunk);
  }
  __host__ __device__ int64_t elements() const { return chunks * columns; }
  Launch launch() const {
    return {dim3(static_cast<unsigned>(ceil_div(columns, kColumns)), static_cast<unsigned>(chunks)),
            dim3(kColumns, kRowLanes)};
  }
};

inline ColumnChunks column_chunks(int64_t rows, int64_t columns) {
  const int64_t chunks = rows / kChunkRows;
  return {rows, columns, chunks < 1 ? 1 : chunks > kMostChunks ? kMostChunks : chunks};
}

struct TwoSums {
  double first, second;
};

// This block's chunk, for this thread's column: the sums over its rows of what terms(row, column) gives,
// valid in the threads of row lane 0. Contains barriers: all threads of the block call it.
template <class Terms>
__device__ TwoSums sum_chunk(const ColumnChunks& c, const Terms& terms) {
  BRASA_SHARED(double, firsts, kColumns* kRowLanes);
  BRASA_SHARED(double, seconds, kColumns* kRowLanes);
  const int lane = static_cast<int>(threadIdx.y), at = static_cast<int>(threadIdx.x);
  const int64_t column = int64_t{blockIdx.x} * kColumns + at, chunk = blockIdx.y;
  TwoSums sums{0, 0};
  if (column < c.columns) {
    for (int64_t row = c.begin(chunk) + lane; row < c.begin(chunk + 1); row += kRowLanes) {
      const TwoSums term = terms(row, column);
      sums.first += term.first;
      sums.second += term.second;
    }
  }
  firsts[lane * kColumns + at] = sums.first;
  seconds[lane * kColumns + at] = sums.second;
  __syncthreads();
  if (lane == 0) {
    for (int other = 1; other < kRowLanes; ++other) {
      sums.first += firsts[other * kColumns + at];
      sums.second += seconds[other * kColumns + at];
    }
  }
  return sums;
}

// Every block keeps the sums of its chunk: (chunks, columns).
template <class Terms>
__global__ void sum_chunks(ColumnChunks c, Terms terms, Out<double> firsts, Out<double> seconds) {
  const TwoSums sums = sum_chunk(c, terms);
  const int64_t column = int64_t{blockIdx.x} * kColumns + threadIdx.x;
  if (threadIdx.y != 0 || column >= c.columns) return;
  firsts[blockIdx.y * c.columns + column] = sums.first;
  seconds[blockIdx.y * c.columns + column] = sums.second;
}

}  // namespace brasa::cuda
