// Products of matrices by tiles: the core of matmul and of all passes of conv2d. An operand says where its
// elements are (matrix.cuh, conv2d_operands.cuh); this file only multiplies.
//
// Each block computes kRows x kColumns of the result, each thread rows and columns in groups of four.
// Per step along the depth a block moves (kRows + kColumns) * kDepth floats into one half of its
// shared memory while it multiplies what lies in the other: one barrier a step.
#pragma once

#include "cuda/flat.cuh"

namespace brasa::cuda {

template <int Rows, int Columns, int Depth, int ThreadRows, int ThreadColumns>
struct TileSize {
  static constexpr int kRows = Rows, kColumns = Columns, kDepth = Depth;
  static constexpr int kThreadRows = ThreadRows, kThreadColumns = ThreadColumns;
  static constexpr int kAcross = Columns / ThreadColumns;  // threads along a row of the tile
  static constexpr int kThreads = Rows / ThreadRows * kAcross;
  static_assert(kAcross % 8 == 0 && kThreads % 32 == 0, "warps are 4 x 8 threads");
};

// 64 results a thread, 64 multiply-adds for 16 floats read: 255 registers would allow 8 x 16, but then one
// block fits on a multiprocessor instead of two, and nothing hides its barriers.
using LargeTile = TileSize<128, 128, 8, 8, 8>;
// For products that would give too few large tiles, or have few columns.
using SmallTile = TileSize<64, 32, 16, 4, 4>;

// The part of one operand's tile that a thread moves: fetched into registers, later put into shared memory
// as [depth][row]. V elements at a time, along the axis that is contiguous in memory.
template <class Operand, int Lines, int Depth, int Threads, int V>
struct Mover {
  static constexpr int kPieces = Lines * Depth / Threads / V;
  // Four more: threads that put pieces of one row, four deep, then hit other banks.
  static constexpr int kPitch = Lines + 4;
  static_assert(kPieces * Threads * V == Lines * Depth, "a tile is cut evenly");

  typename Operand::Line lines[kPieces];
  float values[kPieces][V];

  static __device__ int line_of(int piece) {
    return Operand::kAlongDepth ? piece / (Depth / V) : piece % (Lines / V) * V;
  }
  static __device__ int depth_of(int piece) {
    return Operand::kAlongDepth ? piece % (Depth / V) * V : piece / (Lines / V);
  }

  __device__ void begin(const Operand& operand, int64_t first_line) {
    BRASA_UNROLL
    for (int i = 0; i < kPieces; ++i) {
      const int piece = static_cast<int>(threadIdx.x) + i * Threads;
      lines[i] = operand.line(first_line + line_of(piece));
    }
  }
  __device__ void fetch(const Operand& operand, int64_t first_depth) {
    BRASA_UNROLL
    for (int i = 0; i < kPieces; ++i) {
      const int piece = static_cast<int>(threadIdx.x) + i * Threads;
      operand.load(lines[i], first_depth + depth_of(piece), values[i]);
    }
  }
  __device__ void put(const Shared<float>& tile, int half) const {
    BRASA_UNROLL
    for (int i = 0; i < kPieces; ++i) {
      const int piece = static_cast<int>(threadIdx.x) + i * Threads;
      const int at = (half * Depth + depth_of(piece)) * kPitch + line_of(piece);
      if constexpr (V == 4 && !Operand::kAlongDepth) {
        tile.store4(at, make_float4(values[i][0], values[i][1], values[i][2], values[i][3]));
      } else {
        BRASA_UNROLL
        for (int l = 0; l < V; ++l)
          tile[at + l * (Operand::kAlongDepth ? kPitch : 1)] = values[i][l];
      }
    }
  }
};

// Position of a thread's groups of four rows or columns in the tile.
template <int Extent, int Own>
__device__ __forceinline__ int group_at(int thread, int group) {
  return group * (Extent / (Own / 4)) + thread * 4;
}

// One range of the depth of one product. `batch` counts products, or groups of a convolution.
template <class A, class B, class Result>
struct Product {
  A a;
  B b;
  Result result;
  int64_t depth, depth_of_split;
  int splits;
};

template <class Tile, int V, class A, class B, class Result>
__global__ void __launch_bounds__(Tile::kThreads) multiply_tiles(Product<A, B, Result> product) {
  using MoveA = Mover<A, Tile::kRows, Tile::kDepth, Tile::kThreads, V>;
  using MoveB = Mover<B, Tile::kColumns, Tile::kDepth, Tile::kThreads, V>;
  constexpr int TM = Tile::kThreadRows, TN = Tile::kThreadColumns;
  BRASA_SHARED(float, a_tile, 2 * Tile::kDepth * MoveA::kPitch);
  BRASA_SHARED(float, b_tile, 2 * Tile::kDepth * MoveB::kPitch);

  const int64_t batch = blockIdx.z / product.splits;
  const int split = static_cast<int>(blockIdx.z % product.splits);
  const int64_t begin = split * product.depth_of_split;
  const int64_t limit = begin + product.depth_of_split;
  const int64_t end = limit < product.depth ? limit : product.depth;
  const int64_t first_row = int64_t{blockIdx.x} * Tile::kRows;
  const int64_t first_column = int64_t{blockIdx.y} * Tile::kColumns;
  const A a = product.a.of(batch);
  const B b = product.b.of(batch);

  // A warp covers 4 x 8 threads: its reads of either operand are 16 bytes from neighbouring places.
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int across = warp % (Tile::kAcross / 8) * 8 + lane % 8;
  const int down = warp / (Tile::kAcross / 8) * 4 + lane / 8;

  float sum[TM][TN];
  BRASA_UNROLL
  for (int i = 0; i < TM; ++i) {
    BRASA_UNROLL
    for (int j = 0; j < TN; ++j) sum[i][j] = 0.f;
  }

  MoveA move_a;
  MoveB move_b;
  move_a.begin(a, first_row);
  move_b.begin(b, first_column);
  int half = 0;
  if (begin < end) {
    move_a.fetch(a, begin);
    move_b.fetch(b, begin);
    move_a.put(a_tile, 0);
    move_b.put(b_tile, 0);
  }
  __syncthreads();
  for (int64_t at = begin; at < end; at += Tile::kDepth) {
    const bool more = at + Tile::kDepth < end;
    if (more) {
      move_a.fetch(a, at + Tile::kDepth);
      move_b.fetch(b, at + Tile::kDepth);
    }
    BRASA_UNROLL
    for (int k = 0; k < Tile::kDepth; ++k) {
      float left[TM], right[TN];
      const int row = (half * Tile::kDepth + k) * MoveA::kPitch;
      const int column = (half * Tile::kDepth + k) * MoveB::kPitch;
      BRASA_UNROLL
      for (int g = 0; g < TM / 4; ++g) {
        const float4 v = a_tile.load4(row + group_at<Tile::kRows, TM>(down, g));
        left[4 * g] = v.x, left[4 * g + 1] = v.y, left[4 * g + 2] = v.z, left[4 * g + 3] = v.w;
      }
      BRASA_UNROLL
      for (int g = 0; g < TN / 4; ++g) {
        const float4 v = b_tile.load4(column + group_at<Tile::kColumns, TN>(across, g));
        right[4 * g] = v.x, right[4 * g + 1] = v.y, right[4 * g + 2] = v.z, right[4 * g + 3] = v.w;
      }
      BRASA_UNROLL
      for (int i = 0; i < TM; ++i) {
        BRASA_UNROLL
        for (int j = 0; j < TN; ++j) sum[i][j] += left[i] * right[j];
      }
    }
    half ^= 1;
    // The other half was last read before the barrier of the step before.
    if (more) {
      move_a.put(a_tile, half);
      move_b.put(b_tile, half);
      __syncthreads();
    }
  }

  BRASA_UNROLL
  for (int i = 0; i < TM; ++i) {
    const int64_t row = first_row + group_at<Tile::kRows, TM>(down, i / 4) + i % 4;
    if (row >= product.result.rows) continue;
    const int64_t at = product.result.offset(batch, split, row);
    BRASA_UNROLL
    for (int g = 0; g < TN / 4; ++g) {
      const int64_t column = first_column + group_at<Tile::kColumns, TN>(across, g);
      product.result.store4(batch, at, column, &sum[i][4 * g]);
    }
  }
}

}  // namespace brasa::cuda
