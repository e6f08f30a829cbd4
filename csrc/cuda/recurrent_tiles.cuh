// The product of a step, for a block's rows and units: what moves through shared memory, and the sums.
//
//   forward   sums[n, unit of gate] = sum over k < depth of left[n,k] * u[k, unit of gate]      left: states
//   backward  sums[n, unit]         = sum over k < depth of left[n,k] * u[unit, k]              left: slopes
//
// A block has kStepRows rows of the batch and kStepUnits units with all their gates, so that one thread
// then has all it needs for a unit's cell. Lane: row. Each of 8 warps takes 8 of every 64 steps along the
// depth for all of the block's columns; at the end the warps' sums are added in order.
#pragma once

#include "cuda/flat.cuh"
#include "ops/recurrent.h"

namespace brasa::cuda {

// 4 units: 16 bytes of u in a row; 64 blocks for 256 units. 16 columns of 4 gates are 16 multiply-adds for
// five reads of shared memory; 8 units would halve the blocks of a step that has few.
constexpr int kStepRows = 32, kStepUnits = 4;
constexpr int kStepWarps = 8, kStepThreads = 32 * kStepWarps;
constexpr int kStepDepth = 64, kSliceDepth = kStepDepth / kStepWarps;
// 25 KB, and 12 KB where u moves, too: two blocks on every multiprocessor since sm_80.
constexpr int kStepTiles = 3;
// One more: threads that put neighbours along the depth then hit other banks.
constexpr int kStepPitch = kStepRows + 1;

struct StepRows {
  const float* first;  // null: there is nothing to multiply
  int64_t stride;
};

// The part of u that a cell multiplies with. AlongDepth: its depth runs along rows of u.
template <bool AlongDepth>
struct StepFactor {
  const float* u;
  int depth, stride, units;

  StepFactor() = default;
  StepFactor(const float* first, int64_t along, int64_t from_row_to_row, int64_t columns)
      : u(first),
        depth(static_cast<int>(along)),
        stride(static_cast<int>(from_row_to_row)),
        units(static_cast<int>(columns)) {}

  __device__ bool has(int k, int unit) const { return k < depth && unit < units; }
  __device__ const float* at(int k, int gate, int unit) const {
    return AlongDepth ? u + (int64_t{unit} * stride + k)
                      : u + (int64_t{k} * stride + (gate * units + unit));
  }
};

// What moves through shared memory, in a ring of kStepTiles: while one tile is multiplied the next ones are
// on their way, since a step begins with reads that nothing else can hide.
template <class Cell, bool Resident>
struct StepTiles {
  static constexpr int kColumns = Cell::kGates * kStepUnits;
  static constexpr int kSumFloats = kStepWarps * kColumns * kStepPitch;
  static constexpr int kRowsAtOnce = kStepThreads / kStepDepth;

  Shared<float> left, right;  // [tile][depth][row], [tile][depth][column]

  static __device__ int64_t first_row() { return int64_t{blockIdx.y} * kStepRows; }
  static __device__ int first_unit() { return static_cast<int>(blockIdx.x) * kStepUnits; }
  static __device__ int thread() { return static_cast<int>(threadIdx.x); }
  // How many of the block's rows there are.
  static __device__ int count_rows(const Cell& cell) {
    const int64_t left = cell.shape().N - first_row();
    return static_cast<int>(left < kStepRows ? left : kStepRows);
  }

  // Element e of a tile of the right, so that neighbours of e are neighbours in memory.
  static __device__ int right_depth(int e) {
    return Cell::kAlongDepth ? e % kStepDepth : e / kColumns;
  }
  static __device__ int right_column(int e) {
    return Cell::kAlongDepth ? e / kStepDepth : e % kColumns;
  }
  // Puts the right of depths from `first` on into shared memory, from depth `at` on.
  __device__ void copy_right(const Cell& cell, int first, int at) const {
    BRASA_UNROLL
    for (int i = 0; i < kColumns * kStepDepth / kStepThreads; ++i) {
      const int e = thread() + i * kStepThreads, k = right_depth(e), column = right_column(e);
      const int unit = first_unit() + column % kStepUnits;
      const bool inside = cell.factor.has(first + k, unit);
      const float* from =
          inside ? cell.factor.at(first + k, column / kStepUnits, unit) : cell.factor.u;
      copy_async<4>(right, (at + k) * kColumns + column, from, inside);
    }
  }
  // Rows past the last, and slices past the depth, are neither filled nor multiplied.
  __device__ void copy(const Cell& cell, const StepRows& rows, int first) const {
    const int tile = first / kStepDepth % kStepTiles;
    const int k = thread() % kStepDepth, row = thread() / kStepDepth;
    const bool slice_counts = first + k / kSliceDepth * kSliceDepth < cell.factor.depth;
    const bool inside = first + k < cell.factor.depth;
    const int row_count = slice_counts ? count_rows(cell) - row : 0;
    const int at = (tile * kStepDepth + k) * kStepPitch + row;
    const float* from =
        inside ? rows.first + (first_row() + row) * rows.stride + first + k : rows.first;
    const int64_t step = inside ? kRowsAtOnce * rows.stride : 0;
    BRASA_UNROLL
    for (int i = 0; i < kStepRows / kRowsAtOnce; ++i, from += step) {
      if (i * kRowsAtOnce < row_count) copy_async<4>(left, at + i * kRowsAtOnce, from, inside);
    }
    if constexpr (!Resident) copy_right(cell, first, tile * kStepDepth);
  }
  // All of this block's part of u, once. sum_up() waits for it.
  __device__ void copy_resident(const Cell& cell) const {
    for (int first = 0; first < cell.factor.depth; first += kStepDepth) {
      copy_right(cell, first, first);
    }
    commit_copies();
  }
  // This warp's slice of the depths from `first` on.
  __device__ void multiply(int first, float (&sum)[kColumns]) const {
    const int slice = thread() / 32 * kSliceDepth, lane = thread() % 32;
    const int of_tile = first / kStepDepth % kStepTiles * kStepDepth + slice;
    const int of_right = Resident ? first + slice : of_tile;
    BRASA_UNROLL
    for (int k = 0; k < kSliceDepth; ++k) {
      const float l = left[(of_tile + k) * kStepPitch + lane];
      BRASA_UNROLL
      for (int c = 0; c < kColumns; c += 4) {
        const float4 r = right.load4((of_right + k) * kColumns + c);
        sum[c] = fmaf(l, r.x, sum[c]);
        sum[c + 1] = fmaf(l, r.y, sum[c + 1]);
        sum[c + 2] = fmaf(l, r.z, sum[c + 2]);
        sum[c + 3] = fmaf(l, r.w, sum[c + 3]);
      }
    }
  }
  __device__ void sum_up(const Cell& cell, const StepRows& rows, float (&sum)[kColumns]) const {
    const int depth = cell.factor.depth;
    const bool row_counts = thread() % 32 < count_rows(cell);
    BRASA_UNROLL
    for (int tile = 0; tile < kStepTiles - 1; ++tile) {
      if (tile * kStepDepth < depth) copy(cell, rows, tile * kStepDepth);
      commit_copies();
    }
    for (int first = 0; first < depth; first += kStepDepth) {
      wait_for_copies<kStepTiles - 2>();
      // All copies of this tile are there, and all have multiplied the one before, which is filled next.
      __syncthreads();
      const int next = first + (kStepTiles - 1) * kStepDepth;
      if (next < depth) copy(cell, rows, next);
      commit_copies();
      const bool slice_counts = first + thread() / 32 * kSliceDepth < depth;
      if (row_counts && slice_counts) multiply(first, sum);
    }
    wait_for_copies<0>();  // the last groups are empty
  }
};

}  // namespace brasa::cuda
