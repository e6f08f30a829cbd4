// In double precision: the loads take longer, even where a multiprocessor has only two such units.
#include "cuda/columns.cuh"
#include "cuda/kernels.h"
#include "cuda/offsets.cuh"
#include "cuda/rows.cuh"

namespace brasa::cuda {
namespace {

enum class Fold { kSum, kMax, kMin };

template <Fold fold>
__device__ __forceinline__ double start() {
  return fold == Fold::kSum ? 0 : fold == Fold::kMax ? -HUGE_VAL : HUGE_VAL;
}

// Of two extremes the first one, unless the second is beyond it or NaN.
template <Fold fold>
struct Combine {
  __device__ double operator()(double a, double b) const {
    if (fold == Fold::kSum) return a + b;
    const bool beyond = fold == Fold::kMax ? b > a : b < a;
    return beyond || b != b ? b : a;
  }
};

struct Terms {
  ReduceShape s;
  const float *x, *factor;

  __device__ Offsets of_kept(int64_t k) const {
    return offsets_of(s.extents, s.x, s.factor, 0, s.kept, k);
  }
  __device__ double term(const Offsets& kept, int64_t r) const {
    const Offsets at = offsets_of(s.extents, s.x, s.factor, s.kept, s.axes, r);
    const double own = double{x[kept.a + at.a]};
    if (factor == nullptr) return own;
    const double by = double{factor[kept.b + at.b]};
    return s.kind == ReduceKind::kCount ? (own == by ? 1.0 : 0.0) : own * by;
  }
};

// y lies along the last axis of x: a thread for each of 32 neighbours of y.
template <Fold fold>
__global__ void fold_rows(ColumnChunks c, Terms terms, Out<double> parts) {
  BRASA_SHARED(double, lanes, kColumns* kRowLanes);
  const int lane = static_cast<int>(threadIdx.y), at = static_cast<int>(threadIdx.x);
  const int64_t k = int64_t{blockIdx.x} * kColumns + at, chunk = blockIdx.y;
  double total = start<fold>();
  if (k < c.columns) {
    const Offsets kept = terms.of_kept(k);
    for (int64_t r = c.begin(chunk) + lane; r < c.begin(chunk + 1); r += kRowLanes) {
      total = Combine<fold>{}(total, terms.term(kept, r));
    }
  }
  lanes[lane * kColumns + at] = total;
  __syncthreads();
  if (lane != 0 || k >= c.columns) return;
  for (int other = 1; other < kRowLanes; ++other) {
    total = Combine<fold>{}(total, lanes[other * kColumns + at]);
  }
  parts[chunk * c.columns + k] = total;
}

// x lies along an axis that y lacks: W threads for each result of a chunk.
template <Fold fold, int W>
__global__ void fold_each(ColumnChunks c, Terms terms, Out<double> parts) {
  const int64_t task = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (task >= c.chunks * c.columns) return;
  const int64_t chunk = task / c.columns;
  const Offsets kept = terms.of_kept(task % c.columns);
  double total = start<fold>();
  for (int64_t r = c.begin(chunk) + lane; r < c.begin(chunk + 1); r += W) {
    total = Combine<fold>{}(total, terms.term(kept, r));
  }
  total = over_row<W>(total, Combine<fold>{});
  if (lane == 0) parts[task] = total;
}

template <Fold fold>
__global__ void fold_chunks(ColumnChunks c, ReduceShape s, const double* parts, Out<float> y) {
  const int64_t k = flat_thread();
  if (k >= c.columns) return;
  double total = start<fold>();
  for (int64_t chunk = 0; chunk < c.chunks; ++chunk) {
    total = Combine<fold>{}(total, parts[chunk * c.columns + k]);
  }
  if (s.kind == ReduceKind::kMean) total /= static_cast<double>(c.rows);
  y[k] = static_cast<float>(s.write == Write::kAdd ? y[k] + total : total);
}

// Elements of a row that one warp takes: 32 of them for each lane.
constexpr int64_t kWarpElements = 1024;

ColumnChunks chunks_of(const ReduceShape& s) {
  const int64_t kept = extent_of(s.extents, 0, s.kept);
  const int64_t reduced = extent_of(s.extents, s.kept, s.axes);
  if (s.columns) return column_chunks(reduced, kept);
  const int64_t chunks = reduced / kWarpElements;
  return {reduced, kept, chunks < 1 ? 1 : chunks};
}

template <Fold fold>
void fold_all(const Exec& exec, const Terms& terms, float* y) {
  const ColumnChunks c = chunks_of(terms.s);
  if (c.columns == 0) return;
  double* parts = reinterpret_cast<double*>(exec.scratch);
  if (terms.s.columns) {
    launch(exec, c.launch(), fold_rows<fold>, c, terms, parts);
  } else if (c.rows <= kThreadClasses) {
    launch(exec, rows_launch<1>(c.elements()), fold_each<fold, 1>, c, terms, parts);
  } else {
    launch(exec, rows_launch<32>(c.elements()), fold_each<fold, 32>, c, terms, parts);
  }
  launch(exec, {dim3(static_cast<unsigned>(ceil_div(c.columns, 64))), 64}, fold_chunks<fold>, c,
         terms.s, parts, y);
}

// dx: a share of dy where x equals y. Where nothing does, y is NaN, and so is 0 times the share.
struct Shares {
  BroadcastShape s;
  const float *dy, *x, *y, *counts;
  Out<float> dx;

  template <int V>
  __device__ void piece(int64_t i) const {
    const int64_t k = offsets_of(s.extents, s.a, s.b, 0, s.rank, i).a;
    const float share = dy[k] / counts[k];
    dx[i] = x[i] == y[k] ? share : 0.f * share;
  }
};

// Bytes of the counts, so that doubles may lie behind them.
int64_t bytes_of_counts(const ReduceShape& s) {
  return ceil_div(extent_of(s.extents, 0, s.kept), 2) * static_cast<int64_t>(sizeof(double));
}

}  // namespace

void reduce(const Exec& exec, const ReduceShape& s, const float* x, const float* factor, float* y) {
  switch (s.kind) {
    case ReduceKind::kMax: return fold_all<Fold::kMax>(exec, {s, x, factor}, y);
    case ReduceKind::kMin: return fold_all<Fold::kMin>(exec, {s, x, factor}, y);
    default: return fold_all<Fold::kSum>(exec, {s, x, factor}, y);
  }
}

int64_t reduce_workspace(const ReduceShape& s) {
  return chunks_of(s).elements() * static_cast<int64_t>(sizeof(double));
}

void extreme_backward(const Exec& exec, const BroadcastShape& s, const float* dy, const float* x,
                      const float* y, float* dx) {
  const int64_t count = extent_of(s.extents, 0, s.rank);
  if (count == 0) return;
  const ReduceShape counted = reduced_to_a(ReduceKind::kCount, s);
  float* counts = reinterpret_cast<float*>(exec.scratch);
  Exec behind = exec;
  behind.scratch += bytes_of_counts(counted);
  reduce(behind, counted, x, y, counts);
  launch(exec, flat_launch(count), run_pieces<1, Shares>, count, Shares{s, dy, x, y, counts, dx});
}

int64_t extreme_backward_workspace(const BroadcastShape& s) {
  const ReduceShape counted = reduced_to_a(ReduceKind::kCount, s);
  return bytes_of_counts(counted) + reduce_workspace(counted);
}

}  // namespace brasa::cuda
