// The product with u at each step (recurrent_tiles.cuh), and the cell's arithmetic on its sums, in one kernel.
//
// One launch for each step: u passes through the shared memory again every time. Or one launch for all
// steps (Diamos et al., ICML 2016): the columns of u stay in shared memory, and blocks wait for each other at
// the grid's barrier. Both add in the same order: they give the same bits.
#pragma once

#include "cuda/recurrent_tiles.cuh"

namespace brasa::cuda {

// Of u, beside what moves: every device since sm_80 grants a block 99 KB.
constexpr int64_t kMostResidentBytes = 72 * 1024;

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
