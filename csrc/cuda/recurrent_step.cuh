// The product with u at each step, and the cell's arithmetic on its sums, in one kernel.
//
//   forward   sums[n, unit of gate] = sum over k < depth of left[n,k] * u[k, unit of gate]      left: states
//   backward  sums[n, unit]         = sum over k < depth of left[n,k] * u[unit, k]              left: slopes
//
// A block has kStepRows rows of the batch and kStepUnits units with all their gates, so that one thread
// then has all it needs for a unit's cell. Lane: row. Each of 8 warps takes 8 of every 64 steps along the
// depth for all of the block's columns; at the end the warps' sums are added in order.
//
// One launch for each step: u passes through the shared memory again every time. Or one launch for all
// steps (Diamos et al., ICML 2016): the columns of u stay in shared memory, and blocks wait for each other at
// the grid's barrier. Both add in the same order: they give the same bits.
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

// Of u, beside what moves: every device since sm_80 grants a block 99 KB.
constexpr int64_t kMostResidentBytes = 72 * 1024;

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

// Round r of a cell is step r of the forward pass, or of the backward pass, which begins with the last.
template <class Cell, bool Resident>
__device__ void run_one_round(const Cell& cell, const StepTiles<Cell, Resident>& tiles,
                              int64_t round) {
  using Tiles = StepTiles<Cell, Resident>;
  constexpr int kColumns = Tiles::kColumns;
  const int warp = Tiles::thread() / 32, lane = Tiles::thread() % 32;
  const int own_unit = Tiles::thread() % kStepUnits, own_row = Tiles::thread() / kStepUnits;
  const int row_count = Tiles::count_rows(cell);
  const bool has_cell = own_row < row_count && Tiles::first_unit() + own_unit < cell.factor.units;
  const StepRows rows = cell.rows(round);
  float gates[Cell::kGates] = {};
  if (rows.first != nullptr) {
    float sum[kColumns] = {};
    tiles.sum_up(cell, rows, sum);
    __syncthreads();
    // The warps' sums, [warp][column][row], in place of the tiles.
    const int of_depth = (cell.factor.depth + kSliceDepth - 1) / kSliceDepth;
    const int slices = of_depth < kStepWarps ? of_depth : kStepWarps;
    if (warp < slices && lane < row_count) {
      BRASA_UNROLL
      for (int c = 0; c < kColumns; ++c) {
        tiles.left[(warp * kColumns + c) * kStepPitch + lane] = sum[c];
      }
    }
    __syncthreads();
    for (int w = 0; w < slices && has_cell; ++w) {
      BRASA_UNROLL
      for (int gate = 0; gate < Cell::kGates; ++gate) {
        const int column = w * kColumns + gate * kStepUnits + own_unit;
        gates[gate] += tiles.left[column * kStepPitch + own_row];
      }
    }
  }
  if (has_cell) {
    cell.finish(round, Tiles::first_row() + own_row, Tiles::first_unit() + own_unit, gates);
  }
}

// grid = (units, rows) / (kStepUnits, kStepRows), block = kStepThreads. Two blocks on a multiprocessor: while
// one waits at a barrier the other multiplies.
template <class Cell>
__global__ void __launch_bounds__(kStepThreads, 2) run_round(Cell cell, int64_t round) {
  BRASA_SHARED(float, tile, kStepTiles * kStepDepth * kStepPitch);
  static_assert(StepTiles<Cell, false>::kSumFloats <= kStepTiles * kStepDepth * kStepPitch);
  StepTiles<Cell, false> tiles{tile, dynamic_shared<float>()};
  run_one_round(cell, tiles, round);
}

template <class Cell>
__global__ void __launch_bounds__(kStepThreads, 2) run_rounds(Cell cell, int64_t rounds) {
  BRASA_SHARED(float, tile, kStepTiles * kStepDepth * kStepPitch);
  StepTiles<Cell, true> tiles{tile, dynamic_shared<float>()};
  tiles.copy_resident(cell);
  for (int64_t round = 0; round < rounds; ++round) {
    run_one_round(cell, tiles, round);
    if (round + 1 < rounds) grid_barrier();
  }
}

template <class Cell>
Launch step_launch(const Cell& cell) {
  const RecurrentShape& s = cell.shape();
  Launch how{dim3(static_cast<unsigned>(ceil_div(s.U, kStepUnits)),
                  static_cast<unsigned>(ceil_div(s.N, kStepRows))),
             dim3(kStepThreads)};
  how.shared_bytes =
      kStepTiles * kStepDepth * Cell::kGates * kStepUnits * static_cast<int>(sizeof(float));
  return how;
}

// All rounds in one launch where the device holds all blocks at once, with their parts of u. A round then
// costs a barrier of the grid instead of a launch and another read of u (expected, not measured: 1 to 2 us
// instead of 2 to 4).
template <class Cell>
bool run_together(const Exec& exec, const Cell& cell, int64_t rounds) {
  constexpr int64_t kRowBytes = Cell::kGates * kStepUnits * int64_t{sizeof(float)};
  const int64_t bytes = ceil_div(cell.factor.depth, kStepDepth) * kStepDepth * kRowBytes;
  if (rounds < 2 || bytes > kMostResidentBytes) return false;
  Launch how = step_launch(cell);
  how.shared_bytes = static_cast<int>(bytes);
  how.cooperative = true;
  if (int64_t{how.blocks.x} * how.blocks.y > blocks_at_once(how, run_rounds<Cell>)) {
    return false;
  }
  launch(exec, how, run_rounds<Cell>, cell, rounds);
  return true;
}

template <class Cell>
void launch_round(const Exec& exec, const Cell& cell, int64_t round) {
  launch(exec, step_launch(cell), run_round<Cell>, cell, round);
}

template <class Cell>
void run_all_rounds(const Exec& exec, const Cell& cell, int64_t rounds) {
  if (cell.shape().N == 0 || run_together(exec, cell, rounds)) return;
  for (int64_t round = 0; round < rounds; ++round) launch_round(exec, cell, round);
}

}  // namespace brasa::cuda
