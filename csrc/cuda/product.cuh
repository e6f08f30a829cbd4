// Host side of multiply_tiles(): which tile, how many splits, and the launches. All from the shape alone.
#pragma once

#include "cuda/kernels.h"
#include "cuda/result.cuh"
#include "cuda/tile.cuh"

namespace brasa::cuda {

struct Division {
  bool large;
  int splits;
  int64_t depth_of_split;

  int64_t workspace(int64_t batch, int64_t rows, int64_t columns) const {
    return splits == 1 ? 0 : batch * splits * rows * columns * static_cast<int64_t>(sizeof(float));
  }
};

// Blocks that fill the devices this was written for (132 multiprocessors), and the least depth that is
// worth a part of its own: below, writing and adding the parts costs more than the wait.
constexpr int64_t kFullDevice = 132, kLeastSplit = 256;
constexpr int64_t kMostPartBytes = int64_t{64} << 20;

inline Division divide(int64_t batch, int64_t rows, int64_t columns, int64_t depth) {
  using Large = LargeTile;
  using Small = SmallTile;
  const int64_t splits_of_depth = depth / kLeastSplit < 1 ? 1 : depth / kLeastSplit;
  const int64_t larges = batch * ceil_div(rows, Large::kRows) * ceil_div(columns, Large::kColumns);
  const bool large = columns > Small::kColumns && larges * splits_of_depth >= kFullDevice;
  const int64_t tiles =
      large ? larges : batch * ceil_div(rows, Small::kRows) * ceil_div(columns, Small::kColumns);
  int64_t splits = tiles >= kFullDevice || tiles == 0 ? 1 : 2 * kFullDevice / tiles;
  if (splits > splits_of_depth) splits = splits_of_depth;
  const int64_t part = batch * rows * columns * static_cast<int64_t>(sizeof(float));
  while (splits > 1 && splits * part > kMostPartBytes) --splits;
  const int64_t step = large ? Large::kDepth : Small::kDepth;
  const int64_t depth_of_split = ceil_div(ceil_div(depth, splits), step) * step;
  if (depth_of_split > 0) splits = ceil_div(depth, depth_of_split);
  return {large, static_cast<int>(splits < 1 ? 1 : splits), depth_of_split};
}

// The grid's third extent is at most 65535.
constexpr int64_t kMostLayers = 65535;

template <class Tile, int V, class A, class B, class Rows>
void launch_tiles(const Exec& exec, const Product<A, B, Result<Rows>>& product, int64_t layers) {
  const dim3 blocks(static_cast<unsigned>(ceil_div(product.result.rows, Tile::kRows)),
                    static_cast<unsigned>(ceil_div(product.result.columns, Tile::kColumns)),
                    static_cast<unsigned>(layers));
  launch(exec, {blocks, dim3(Tile::kThreads)}, multiply_tiles<Tile, V, A, B, Result<Rows>>,
         product);
}

// `to` is one dense array where the activation is curved.
template <class A, class B, class Rows>
void multiply(const Exec& exec, int64_t batch, int64_t depth, const A& a, const B& b,
              const Result<Rows>& to, const Division& d) {
  if (batch * to.rows * to.columns == 0) return;
  Product<A, B, Result<Rows>> product{a, b, to, depth, d.depth_of_split, d.splits};
  product.result.splits = d.splits;
  product.result.parts =
      d.splits > 1 ? Out<float>(reinterpret_cast<float*>(exec.scratch)) : Out<float>();
  if (d.splits > 1) product.result.wide = to.columns % 4 == 0;
  const bool later = d.splits == 1 && is_curved(to.activation);
  if (later) product.result.activation = {ActivationKind::kNone, 0.f};
  const bool quads = a.fits_quads() && b.fits_quads();
  const int64_t layers = batch * d.splits;
  if (d.large) {
    quads ? launch_tiles<LargeTile, 4>(exec, product, layers)
          : launch_tiles<LargeTile, 1>(exec, product, layers);
  } else {
    quads ? launch_tiles<SmallTile, 4>(exec, product, layers)
          : launch_tiles<SmallTile, 1>(exec, product, layers);
  }
  const int64_t count = batch * to.rows * to.columns;
  if (later) activation_forward(exec, count, to.activation, to.data.data, to.data.data);
  if (d.splits == 1) return;
  launch(exec, flat_launch(count), add_parts<Rows>, product.result, count);
}

}  // namespace brasa::cuda
