// The gradient of a table is a sum into rows that only the ids name. No atomics: their order would change
// the bits. Each warp owns some rows of the table and up to 128 columns, keeps their sums in shared
// memory, and walks over all ids in order to find those that name its rows.
//
// Reading the ids is what this costs on top of the slopes: about 20 instructions for 128 of them. By that count,
// not measured: 1M ids and 65 rows of 64 floats, in 63 chunks (ops/embedding.h) of 33 warps, a tenth of the
// time of the slopes; 32k ids and 50k rows of 512 floats, as much as the slopes. Sorting the ids first
// would read each once, but needs four launches and scratch, and leaves a row that many ids name to a
// single warp.
#include <cmath>

#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

struct Lookup {
  EmbeddingShape shape;
  const int32_t* ids;
  const float* table;
  Out<float> y;

  template <int V>
  __device__ void piece(int64_t i) const {
    const int64_t row = i / shape.columns, column = i % shape.columns, id = ids[row];
    float v[V];
    if (id >= 0 && id < shape.vocabulary) {
      load(table + id * shape.columns + column, v);
    } else {
      for (int l = 0; l < V; ++l) v[l] = NAN;
    }
    store(y, i, v);
  }
};

__global__ void mark_ids(int64_t count, int64_t vocabulary, const int32_t* ids, Out<float> y) {
  for (int64_t i = flat_thread(); i < count * vocabulary; i += flat_threads()) {
    y[i] = ids[i / vocabulary] == i % vocabulary ? 1.f : 0.f;
  }
}

constexpr int kWarp = 32;
// Ids that a lane has in its registers, slopes that are on their way at a time.
constexpr int kIdsAhead = 4, kSlopesAhead = 4;
// 32 rows of 128 columns: 16 KB, so that six warps fit on the smallest multiprocessor.
constexpr int64_t kMostRows = 32;
// Warps that hide the way of the ids and slopes, on the largest parts: 16 for each of 132.
constexpr int64_t kWantedWarps = 16 * 132;

struct Walk {
  EmbeddingShape shape;
  int64_t chunks, rows;  // of the ids, and of the table for each warp

  __host__ __device__ int64_t begin(int64_t chunk) const { return shape.count * chunk / chunks; }
};

Walk walk_of(const EmbeddingShape& s, int64_t slabs) {
  const int64_t chunks = embedding_chunks(s);
  const int64_t rows = s.vocabulary * chunks * slabs / kWantedWarps;
  return {s, chunks, rows < 1 ? 1 : rows > kMostRows ? kMostRows : rows};
}

// This warp's rows of the table, and its lane's C columns of them: columns kWarp apart, for wide reads.
template <int C>
struct Owned {
  int64_t first_row, columns;
  int rows, column;  // column: of this lane
  Shared<float> sums;

  __device__ bool has(int c) const { return column + c * kWarp < columns; }
  __device__ int at(int row, int c) const {
    return (row * C + c) * kWarp + static_cast<int>(threadIdx.x);
  }
  // The slopes of up to kSlopesAhead ids: loaded together, added one after the other.
  __device__ void add(const float* dy, const int64_t (&from)[kSlopesAhead],
                      const int (&row)[kSlopesAhead], int count) const {
    float slopes[kSlopesAhead][C];
    BRASA_UNROLL
    for (int k = 0; k < kSlopesAhead; ++k) {
      BRASA_UNROLL
      for (int c = 0; c < C; ++c) {
        if (k < count && has(c)) slopes[k][c] = dy[from[k] * columns + column + c * kWarp];
      }
    }
    BRASA_UNROLL
    for (int k = 0; k < kSlopesAhead; ++k) {
      BRASA_UNROLL
      for (int c = 0; c < C; ++c) {
        if (k < count && has(c)) sums[at(row[k], c)] += slopes[k][c];
      }
    }
  }
};

// `named`: which lanes' ids, which begin at `first`, name rows of this warp.
template <int C>
__device__ void add_named(const Owned<C>& own, const float* dy, int64_t first, int id,
                          unsigned named) {
  while (named != 0) {
    int64_t from[kSlopesAhead] = {};
    int row[kSlopesAhead] = {}, count = 0;
    BRASA_UNROLL
    for (int k = 0; k < kSlopesAhead; ++k) {
      if (named == 0) continue;
      const int lane = lowest_bit(named);
      named &= named - 1;
      from[k] = first + lane;
      row[k] = __shfl_sync(~0u, id, lane);
      count = k + 1;
    }
    own.add(dy, from, row, count);
  }
}

// grid = (ranges of rows, slabs of 32 * C columns, chunks), block = one warp. A lane touches its own columns
// alone: no barrier. Traffic: ids once for each range and slab, dy and the sums once.
template <int C>
__global__ void sum_slopes(Walk walk, const float* dy, const int32_t* ids, Out<float> sums) {
  const EmbeddingShape& s = walk.shape;
  const int lane = static_cast<int>(threadIdx.x);
  const int64_t first_row = blockIdx.x * walk.rows, left = s.vocabulary - first_row;
  const Owned<C> own{first_row, s.columns, static_cast<int>(left < walk.rows ? left : walk.rows),
                     static_cast<int>(blockIdx.y) * kWarp * C + lane, dynamic_shared<float>()};
  for (int row = 0; row < own.rows; ++row) {
    for (int c = 0; c < C; ++c) own.sums[own.at(row, c)] = 0.f;
  }
  const int64_t end = walk.begin(blockIdx.z + 1);
  for (int64_t at = walk.begin(blockIdx.z); at < end; at += kIdsAhead * kWarp) {
    int id[kIdsAhead];
    unsigned named[kIdsAhead];
    BRASA_UNROLL
    for (int q = 0; q < kIdsAhead; ++q) {
      const int64_t i = at + q * kWarp + lane;
      const int64_t row = (i < end ? int64_t{ids[i]} : -1) - first_row;
      id[q] = row >= 0 && row < own.rows ? static_cast<int>(row) : -1;
    }
    BRASA_UNROLL
    for (int q = 0; q < kIdsAhead; ++q) named[q] = __ballot_sync(~0u, id[q] >= 0);
    BRASA_UNROLL
    for (int q = 0; q < kIdsAhead; ++q) add_named(own, dy, at + q * kWarp, id[q], named[q]);
  }
  const int64_t table = blockIdx.z * s.vocabulary;
  for (int row = 0; row < own.rows; ++row) {
    for (int c = 0; c < C; ++c) {
      if (!own.has(c)) continue;
      sums[(table + first_row + row) * s.columns + own.column + c * kWarp] =
          own.sums[own.at(row, c)];
    }
  }
}

struct AddTables {
  int64_t chunks, cells;
  const float* tables;
  Out<float> dtable;

  template <int V>
  __device__ void piece(int64_t i) const {
    float sum[V], next[V];
    load(tables + i, sum);
    for (int64_t chunk = 1; chunk < chunks; ++chunk) {
      load(tables + chunk * cells + i, next);
      for (int l = 0; l < V; ++l) sum[l] += next[l];
    }
    store(dtable, i, sum);
  }
};

template <int C>
void run(const Exec& exec, const EmbeddingShape& s, const float* dy, const int32_t* ids,
         float* dtable) {
  const int64_t slabs = ceil_div(s.columns, C * kWarp), cells = s.vocabulary * s.columns;
  const Walk walk = walk_of(s, slabs);
  float* const tables = walk.chunks == 1 ? dtable : reinterpret_cast<float*>(exec.scratch);
  Launch grid{dim3(static_cast<unsigned>(ceil_div(s.vocabulary, walk.rows)),
                   static_cast<unsigned>(slabs), static_cast<unsigned>(walk.chunks)),
              dim3(kWarp)};
  grid.shared_bytes = static_cast<int>(walk.rows) * C * kWarp * static_cast<int>(sizeof(float));
  launch(exec, grid, sum_slopes<C>, walk, dy, ids, tables);
  if (walk.chunks == 1) return;
  for_pieces(exec, cells, cells % 4 == 0 && aligned16(tables, dtable),
             AddTables{walk.chunks, cells, tables, dtable});
}

}  // namespace

void embedding(const Exec& exec, const EmbeddingShape& s, const int32_t* ids, const float* table,
               float* y) {
  for_pieces(exec, s.count * s.columns, s.columns % 4 == 0 && aligned16(table, y),
             Lookup{s, ids, table, y});
}

void embedding_backward(const Exec& exec, const EmbeddingShape& s, const float* dy,
                        const int32_t* ids, float* dtable) {
  if (s.columns <= kWarp) return run<1>(exec, s, dy, ids, dtable);
  if (s.columns <= 2 * kWarp) return run<2>(exec, s, dy, ids, dtable);
  run<4>(exec, s, dy, ids, dtable);
}

void one_hot(const Exec& exec, const EmbeddingShape& s, const int32_t* ids, float* y) {
  const int64_t cells = s.count * s.vocabulary;
  if (cells == 0) return;
  launch(exec, flat_launch(cells), mark_ids, s.count, s.vocabulary, ids, y);
}

}  // namespace brasa::cuda
