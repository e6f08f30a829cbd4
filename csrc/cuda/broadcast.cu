#include "cuda/columns.cuh"
#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace brasa::cuda {
namespace {

struct Offsets {
  int64_t a, b;
};

// Where element i of the axes [first, end) lies in two operands. The first axis gets what is left: one division
// less, and none where there is one axis.
__device__ __forceinline__ Offsets offsets_of(const int64_t* extents, const int64_t* a,
                                              const int64_t* b, int first, int end, int64_t i) {
  Offsets at{0, 0};
  for (int axis = end - 1; axis >= first; --axis) {
    const int64_t rest = axis == first ? 0 : i / extents[axis];
    const int64_t own = i - rest * extents[axis];
    at.a += own * a[axis];
    at.b += own * b[axis];
    i = rest;
  }
  return at;
}

__device__ __forceinline__ float join(BroadcastKind kind, float a, float b) {
  const float nan = a != a ? a : b;  // where neither is larger
  switch (kind) {
    case BroadcastKind::kAdd: return a + b;
    case BroadcastKind::kMultiply: return a * b;
    case BroadcastKind::kDivide: return a / b;
    case BroadcastKind::kMaximum: return a > b ? a : nan;
    case BroadcastKind::kMinimum: return a < b ? a : nan;
    case BroadcastKind::kShare: return a > b ? 1.f : a == b ? 0.5f : a < b ? 0.f : nan;
    case BroadcastKind::kGate: return b == 0.f ? 0.f : a * b;
    case BroadcastKind::kCopy: return a;
  }
  return a;
}

// Pieces of V elements lie within a row, as its length is a multiple of V.
struct Joined {
  BroadcastShape s;
  const float *a, *b;
  Out<float> y;

  template <int V>
  __device__ void along(const float* from, int64_t stride, float (&v)[V]) const {
    if (stride == 1) return load(from, v);
    for (int l = 0; l < V; ++l) v[l] = *from;
  }

  template <int V>
  __device__ void piece(int64_t i) const {
    const Offsets at = offsets_of(s.extents, s.a, s.b, 0, s.rank, i);
    float left[V], right[V];
    along(a + at.a, s.a[s.rank - 1], left);
    if (s.kind != BroadcastKind::kCopy) {
      along(b + at.b, s.b[s.rank - 1], right);
      for (int l = 0; l < V; ++l) left[l] = join(s.kind, left[l], right[l]);
    }
    store(y, i, left);
  }
};

struct Terms {
  BroadcastBackwardShape s;
  const float *dy, *factor;

  __device__ Offsets of_kept(int64_t k) const {
    return offsets_of(s.extents, s.dy, s.factor, 0, s.kept, k);
  }
  __device__ double term(const Offsets& kept, int64_t r) const {
    const Offsets at = offsets_of(s.extents, s.dy, s.factor, s.kept, s.axes, r);
    const double slope = double{dy[kept.a + at.a]};
    return factor == nullptr ? slope : slope * double{factor[kept.b + at.b]};
  }
  __device__ TwoSums operator()(int64_t r, int64_t k) const { return {term(of_kept(k), r), 0}; }
};

// dx lies along the last axis of dy: a thread for each of 32 neighbours of dx.
__global__ void sum_rows(ColumnChunks c, Terms terms, Out<double> parts) {
  const TwoSums sums = sum_chunk(c, terms);
  const int64_t k = int64_t{blockIdx.x} * kColumns + threadIdx.x;
  if (threadIdx.y == 0 && k < c.columns) parts[blockIdx.y * c.columns + k] = sums.first;
}

// dy lies along an axis that dx lacks: W threads for each sum of a chunk.
template <int W>
__global__ void sum_each(ColumnChunks c, Terms terms, Out<double> parts) {
  const int64_t task = flat_thread() / W;
  const int lane = static_cast<int>(threadIdx.x % W);
  if (task >= c.chunks * c.columns) return;
  const int64_t chunk = task / c.columns;
  const Offsets kept = terms.of_kept(task % c.columns);
  double sum = 0;
  for (int64_t r = c.begin(chunk) + lane; r < c.begin(chunk + 1); r += W) {
    sum += terms.term(kept, r);
  }
  if constexpr (W == 32) {
    for (int with = 16; with > 0; with /= 2) sum += __shfl_xor_sync(~0u, sum, with);
  }
  if (lane == 0) parts[task] = sum;
}

__global__ void add_chunks(ColumnChunks c, Write write, const double* parts, Out<float> dx) {
  const int64_t k = flat_thread();
  if (k >= c.columns) return;
  double sum = write == Write::kAdd ? double{dx[k]} : 0.0;
  for (int64_t chunk = 0; chunk < c.chunks; ++chunk) sum += parts[chunk * c.columns + k];
  dx[k] = static_cast<float>(sum);
}

// Elements of a row that one warp adds: 32 of them for each lane.
constexpr int64_t kWarpElements = 1024;

ColumnChunks chunks_of(const BroadcastBackwardShape& s) {
  const int64_t kept = extent_of(s.extents, 0, s.kept);
  const int64_t reduced = extent_of(s.extents, s.kept, s.axes);
  if (s.columns) return column_chunks(reduced, kept);
  const int64_t chunks = reduced / kWarpElements;
  return {reduced, kept, chunks < 1 ? 1 : chunks};
}

}  // namespace

void broadcast(const Exec& exec, const BroadcastShape& s, const float* a, const float* b,
               float* y) {
  // An operand that has the last axis has rows of as many floats: they begin at multiples of 4, too.
  bool wide = aligned16(y) && s.extents[s.rank - 1] % 4 == 0;
  if (s.a[s.rank - 1] == 1) wide = wide && aligned16(a);
  if (b != nullptr && s.b[s.rank - 1] == 1) wide = wide && aligned16(b);
  for_pieces(exec, extent_of(s.extents, 0, s.rank), wide, Joined{s, a, b, y});
}

void broadcast_backward(const Exec& exec, const BroadcastBackwardShape& s, const float* dy,
                        const float* factor, float* dx) {
  const ColumnChunks c = chunks_of(s);
  if (c.columns == 0) return;
  const Terms terms{s, dy, factor};
  double* parts = reinterpret_cast<double*>(exec.scratch);
  if (s.columns) {
    launch(exec, c.launch(), sum_rows, c, terms, parts);
  } else if (c.rows <= kThreadClasses) {
    launch(exec, rows_launch<1>(c.elements()), sum_each<1>, c, terms, parts);
  } else {
    launch(exec, rows_launch<32>(c.elements()), sum_each<32>, c, terms, parts);
  }
  launch(exec, {dim3(static_cast<unsigned>(ceil_div(c.columns, 64))), 64}, add_chunks, c, s.write,
         parts, dx);
}

int64_t broadcast_backward_workspace(const BroadcastBackwardShape& s) {
  return chunks_of(s).elements() * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa::cuda
