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

struct Judging {
  AccuracyShape shape;
  const float* pred;
  AccuracyTarget target;
};

// How often a row counts.
__device__ double times_of(const AccuracyTarget& target, int64_t row) {
  return target.mask == nullptr ? 1 : double{target.mask[row]};
}

// Every lane finds the same.
template <int W>
__device__ bool among_the_first(const Judging& a, const float* row, int64_t want, int lane) {
  const int64_t classes = a.shape.classes;
  if (a.shape.top == 1) return argmax<W>(classes, row, lane) == want;
  if (want < 0 || want >= classes) return false;
  const Best wanted{row[want], want};
  int64_t others = 0;
  for (int64_t j = lane; j < classes; j += W) others += wins({row[j], j}, wanted);
  if constexpr (W == 32) {
    for (int with = 16; with > 0; with /= 2) others += __shfl_xor_sync(~0u, others, with);
  }
  return others < a.shape.top;
}

__device__ void judge_element(Judged which, bool predicted, bool wanted, double times,
                              Verdict* all) {
  const bool every = which == Judged::kAll;
  if (every ? predicted == wanted : predicted && wanted) all->right += times;
  if (every || (which == Judged::kPredicted ? predicted : wanted)) all->judged += times;
}

// All lanes of a warp come with the same row: they stay together. Each adds what it found itself.
template <int W>
__device__ void judge_row(const Judging& a, int64_t row, int lane, Verdict* all) {
  const double times = times_of(a.target, row);
  if (times == 0) return;
  const int64_t classes = a.shape.classes;
  const float* pred = a.pred + row * classes;
  if (a.shape.binary) {
    for (int64_t j = lane; j < classes; j += W) {
      judge_element(a.shape.judged, pred[j] > a.shape.threshold,
                    a.target.dense[row * classes + j] > 0.5f, times, all);
    }
    return;
  }
  const int64_t want = a.target.labels != nullptr
                           ? a.target.labels[row]
                           : argmax<W>(classes, a.target.dense + row * classes, lane);
  const bool right = among_the_first<W>(a, pred, want, lane);
  if (lane == 0) all->right += right ? times : 0, all->judged += times;
}

// A block for each chunk of rows. Each thread has its own rows, and the parts are added in order.
template <int W>
__global__ void judge_rows(Judging a, Out<Verdict> verdicts) {
  BRASA_SHARED(Verdict, parts, 256);
  const int threads = static_cast<int>(blockDim.x), t = static_cast<int>(threadIdx.x);
  const int64_t first = int64_t{blockIdx.x} * kMetricChunk;
  Verdict mine = {0, 0};
  for (int64_t i = t / W; i < kMetricChunk && first + i < a.shape.rows; i += threads / W) {
    judge_row<W>(a, first + i, t % W, &mine);
  }
  parts[t] = mine;
  __syncthreads();
  if (t != 0) return;
  for (int other = 1; other < threads; ++other) {
    const Verdict theirs = parts[other];
    mine.right += theirs.right, mine.judged += theirs.judged;
  }
  verdicts[blockIdx.x] = mine;
}

__global__ void share_right(int64_t chunks, const Verdict* verdicts, Out<float> value,
                            Out<double> counted) {
  Verdict all = {0, 0};
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    all.right += verdicts[chunk].right, all.judged += verdicts[chunk].judged;
  }
  counted[0] = all.judged;
  value[0] = all.judged == 0 ? 0.f : static_cast<float>(all.right / all.judged);
}

__global__ void add_to_totals(double given, const double* counted, const float* value,
                              Out<double> totals) {
  const double count = counted != nullptr ? *counted : given;
  totals[0] += double{*value} * count;
  totals[1] += count;
}

}  // namespace

void accuracy(const Exec& exec, const AccuracyShape& shape, const float* pred,
              const AccuracyTarget& target, float* value, double* counted) {
  const int64_t chunks = shape.classes == 0 ? 0 : ceil_div(shape.rows, kMetricChunk);
  Verdict* verdicts = reinterpret_cast<Verdict*>(exec.scratch);
  const Judging a{shape, pred, target};
  const dim3 blocks(static_cast<unsigned>(chunks));
  if (chunks != 0) {
    if (shape.classes <= kThreadClasses) {
      launch(exec, {blocks, dim3(kMetricChunk)}, judge_rows<1>, a, verdicts);
    } else {
      launch(exec, {blocks, dim3(256)}, judge_rows<32>, a, verdicts);
    }
  }
  launch(exec, {1, 1}, share_right, chunks, verdicts, value, counted);
}

void accumulate(const Exec& exec, double count, const double* counted, const float* value,
                double* totals) {
  launch(exec, {1, 1}, add_to_totals, count, counted, value, totals);
}

}  // namespace brasa::cuda
