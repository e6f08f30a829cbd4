#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace brasa::cuda {
namespace {

struct Best {
  float value;
  int64_t at;
};

// Whether b comes before a as the winner: NaN above all, then the larger, then the earlier.
__device__ bool wins(const Best& b, const Best& a) {
  const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
  if (a_nan || b_nan) return b_nan && (!a_nan || b.at < a.at);
  return b.value > a.value || (b.value == a.value && b.at < a.at);
}

template <int W>
__device__ int64_t argmax(int64_t classes, const float* row, int lane) {
  Best best{row[lane < classes ? lane : 0], lane < classes ? lane : 0};
  for (int64_t j = lane + W; j < classes; j += W) {
    const Best next{row[j], j};
    if (wins(next, best)) best = next;
  }
  if constexpr (W == 32) {
    for (int with = 16; with > 0; with /= 2) {
      const Best other{__shfl_xor_sync(~0u, best.value, with), __shfl_xor_sync(~0u, best.at, with)};
      if (wins(other, best)) best = other;
    }
  }
  return best.at;
}

struct Judged {
  AccuracyShape shape;
  const float* pred;
  AccuracyTarget target;
};

__device__ bool counts(const AccuracyTarget& target, int64_t row) {
  return target.mask == nullptr || target.mask[row] != 0.f;
}

// All lanes of a warp come with the same row: they stay together.
template <int W>
__device__ int64_t right_of_row(const Judged& a, int64_t row, int lane) {
  if (!counts(a.target, row)) return 0;
  const int64_t classes = a.shape.classes;
  const float* pred = a.pred + row * classes;
  if (a.shape.binary) {
    int64_t right = 0;
    for (int64_t j = lane; j < classes; j += W) {
      right += (pred[j] > a.shape.threshold) == (a.target.dense[row * classes + j] > 0.5f);
    }
    return right;
  }
  const int64_t got = argmax<W>(classes, pred, lane);
  const int64_t want = a.target.labels != nullptr
                           ? a.target.labels[row]
                           : argmax<W>(classes, a.target.dense + row * classes, lane);
  return lane == 0 && got == want;
}

// A block for each chunk of rows. Whole numbers: the order of the sums is free.
template <int W>
__global__ void count_right(Judged a, Out<int64_t> counts) {
  BRASA_SHARED(int64_t, parts, 256);
  const int threads = static_cast<int>(blockDim.x), t = static_cast<int>(threadIdx.x);
  const int64_t first = int64_t{blockIdx.x} * kMetricChunk;
  int64_t right = 0;
  for (int64_t i = t / W; i < kMetricChunk && first + i < a.shape.rows; i += threads / W) {
    right += right_of_row<W>(a, first + i, t % W);
  }
  parts[t] = right;
  __syncthreads();
  if (t != 0) return;
  for (int other = 1; other < threads; ++other) right += parts[other];
  counts[blockIdx.x] = right;
}

__global__ void share_right(int64_t chunks, AccuracyShape shape, AccuracyTarget target,
                            const int64_t* counts_of, Out<float> value) {
  int64_t right = 0, judged = shape.rows;
  if (target.mask != nullptr) {
    judged = 0;
    for (int64_t row = 0; row < shape.rows; ++row) judged += counts(target, row);
  }
  if (shape.binary) judged *= shape.classes;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) right += counts_of[chunk];
  value[0] = judged == 0
                 ? 0.f
                 : static_cast<float>(static_cast<double>(right) / static_cast<double>(judged));
}

__global__ void add_to_totals(double given, const double* counted, const float* value,
                              Out<double> totals) {
  const double count = counted != nullptr ? *counted : given;
  totals[0] += double{*value} * count;
  totals[1] += count;
}

}  // namespace

void accuracy(const Exec& exec, const AccuracyShape& shape, const float* pred,
              const AccuracyTarget& target, float* value) {
  const int64_t chunks = ceil_div(shape.rows, kMetricChunk);
  int64_t* counts = reinterpret_cast<int64_t*>(exec.scratch);
  const Judged a{shape, pred, target};
  const dim3 blocks(static_cast<unsigned>(chunks));
  if (chunks != 0 && shape.classes != 0) {
    if (shape.classes <= kThreadClasses) {
      launch(exec, {blocks, dim3(kMetricChunk)}, count_right<1>, a, counts);
    } else {
      launch(exec, {blocks, dim3(256)}, count_right<32>, a, counts);
    }
  }
  launch(exec, {1, 1}, share_right, shape.classes == 0 ? 0 : chunks, shape, target, counts, value);
}

void accumulate(const Exec& exec, double count, const double* counted, const float* value,
                double* totals) {
  launch(exec, {1, 1}, add_to_totals, count, counted, value, totals);
}

}  // namespace brasa::cuda
