#include "cuda/kernels.h"
#include "cuda/loss_rows.cuh"

namespace brasa::cuda {
namespace {

// With a warp for each row, eight warps share the rows of a chunk.
constexpr int kWarps = 8;

struct LossOperands {
  LossShape shape;
  const float* pred;
  LossTarget target;
  Out<float> dpred;
};

// A block for each chunk of rows. Its first thread adds up the rows in order, in double precision.
template <int W, LossKind kind>
__global__ void loss_chunks(LossOperands a, Out<double> sums) {
  BRASA_SHARED(double, losses, kLossChunk);
  const int threads = static_cast<int>(blockDim.x);
  const int64_t first = int64_t{blockIdx.x} * kLossChunk;
  const int64_t left = a.shape.rows - first;
  const int count = static_cast<int>(left < kLossChunk ? left : kLossChunk);
  for (int i = static_cast<int>(threadIdx.x) / W; i < count; i += threads / W) {
    const int64_t at = (first + i) * a.shape.classes;
    const float weight = a.target.weight == nullptr ? 1.f : a.target.weight[first + i];
    const RowTarget target{a.target.dense == nullptr ? nullptr : a.target.dense + at,
                           a.target.labels == nullptr ? -1 : a.target.labels[first + i]};
    const Row row{a.shape.classes,
                  static_cast<int>(threadIdx.x % W),
                  a.pred + at,
                  target,
                  weight / static_cast<float>(a.shape.rows),
                  a.shape.delta,
                  a.dpred ? a.dpred + at : a.dpred};
    const float value = row_loss<W, kind>(row);
    if (row.lane == 0) losses[i] = double{weight} * double{value};
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += losses[i];
  sums[blockIdx.x] = sum;
}

__global__ void mean_of_chunks(int64_t chunks, int64_t rows, const double* sums, Out<float> loss) {
  double total = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) total += sums[chunk];
  loss[0] = rows == 0 ? 0.f : static_cast<float>(total / static_cast<double>(rows));
}

template <LossKind kind>
void run(const Exec& exec, const LossOperands& a, int64_t chunks, double* sums) {
  if (chunks == 0) return;
  const dim3 blocks(static_cast<unsigned>(chunks));
  if (a.shape.classes <= kThreadClasses) {
    launch(exec, {blocks, dim3(kLossChunk)}, loss_chunks<1, kind>, a, sums);
  } else {
    launch(exec, {blocks, dim3(32 * kWarps)}, loss_chunks<32, kind>, a, sums);
  }
}

}  // namespace

void loss(const Exec& exec, const LossShape& shape, const float* pred, const LossTarget& target,
          float* loss, float* dpred) {
  const int64_t chunks = ceil_div(shape.rows, kLossChunk);
  const LossOperands a{shape, pred, target, dpred};
  double* sums = reinterpret_cast<double*>(exec.scratch);
  switch (shape.kind) {
    case LossKind::kSoftmaxCrossEntropy:
      run<LossKind::kSoftmaxCrossEntropy>(exec, a, chunks, sums);
      break;
    case LossKind::kCrossEntropy: run<LossKind::kCrossEntropy>(exec, a, chunks, sums); break;
    case LossKind::kBinaryCrossEntropyLogits:
      run<LossKind::kBinaryCrossEntropyLogits>(exec, a, chunks, sums);
      break;
    case LossKind::kBinaryCrossEntropy:
      run<LossKind::kBinaryCrossEntropy>(exec, a, chunks, sums);
      break;
    case LossKind::kMeanSquaredError:
      run<LossKind::kMeanSquaredError>(exec, a, chunks, sums);
      break;
    case LossKind::kMeanAbsoluteError:
      run<LossKind::kMeanAbsoluteError>(exec, a, chunks, sums);
      break;
    case LossKind::kHuber: run<LossKind::kHuber>(exec, a, chunks, sums); break;
  }
  launch(exec, {1, 1}, mean_of_chunks, chunks, shape.rows, sums, loss);
}

}  // namespace brasa::cuda
