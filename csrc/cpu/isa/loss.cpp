#include "cpu/isa/kernels.h"
#include "cpu/isa/loss_rows.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The row losses under one signature. The binary ones have no labels: their calls are not compiled
// for them.
template <LossKind kind, class Rows, class T>
BRASA_INLINE Vec row_loss(Rows rows, const float* z, const T* target, Vec scale, float delta,
                          float* dz) {
  if constexpr (kind == LossKind::kSoftmaxCrossEntropy) {
    return softmax_cross_entropy(rows, z, target, scale, dz);
  } else if constexpr (kind == LossKind::kCrossEntropy) {
    return cross_entropy(rows, z, target, scale, dz);
  } else if constexpr (kind == LossKind::kBinaryCrossEntropyLogits) {
    return mean_over_classes(rows, z, target, scale, dz, binary_cross_entropy_logits);
  } else if constexpr (kind == LossKind::kBinaryCrossEntropy) {
    return mean_over_classes(rows, z, target, scale, dz, binary_cross_entropy);
  } else if constexpr (kind == LossKind::kMeanSquaredError) {
    return mean_over_classes(rows, z, target, scale, dz, squared_error);
  } else if constexpr (kind == LossKind::kMeanAbsoluteError) {
    return mean_over_classes(rows, z, target, scale, dz, absolute_error);
  } else {
    return mean_over_classes(rows, z, target, scale, dz, HuberError{Vec::all(delta)});
  }
}

struct Operands {
  const LossShape& shape;
  const float* pred;
  const LossTarget& target;
  float* dpred;
};

// The weighted loss of row i.
template <LossKind kind, bool labelled>
double along_row(const Operands& a, int64_t i) {
  const int64_t classes = a.shape.classes, at = i * classes;
  const AlongRow rows = {classes};
  const float weight = a.target.weight == nullptr ? 1.f : a.target.weight[i];
  const Vec scale = Vec::all(weight / static_cast<float>(a.shape.rows));
  const float delta = a.shape.delta;
  float* dz = a.dpred == nullptr ? nullptr : a.dpred + at;
  Vec losses;
  if constexpr (labelled) {
    losses = row_loss<kind>(rows, a.pred + at, a.target.labels + i, scale, delta, dz);
  } else {
    losses = row_loss<kind>(rows, a.pred + at, a.target.dense + at, scale, delta, dz);
  }
  return double{weight} * double{first_lane(losses)};
}

// The weighted losses of rows [i, i + n), n <= Vec::width, added in order.
template <LossKind kind, bool labelled>
double by_lane(const Operands& a, int64_t i, int64_t n) {
  const int64_t classes = a.shape.classes, at = i * classes;
  const ByLane rows = {classes, n};
  const Vec weight = a.target.weight == nullptr
                         ? Vec::all(1.f)
                         : Vec::load_partial(a.target.weight + i, static_cast<int>(n));
  const Vec scale = weight / Vec::all(static_cast<float>(a.shape.rows));
  const float delta = a.shape.delta;
  Tile z;
  z.read(a.pred + at, classes, n);
  float* dz = a.dpred == nullptr ? nullptr : z.value;
  Vec losses;
  if constexpr (labelled) {
    losses = row_loss<kind>(rows, z.value, a.target.labels + i, scale, delta, dz);
  } else {
    Tile target;
    target.read(a.target.dense + at, classes, n);
    losses = row_loss<kind>(rows, z.value, target.value, scale, delta, dz);
  }
  if (dz != nullptr) z.write(a.dpred + at, classes, n);
  float weights[Vec::width], values[Vec::width];
  weight.store(weights);
  losses.store(values);
  double sum = 0;
  for (int64_t lane = 0; lane < n; ++lane) sum += double{weights[lane]} * double{values[lane]};
  return sum;
}

// Each chunk's sum into sums[chunk].
template <LossKind kind, bool labelled>
void sum_chunks(const Operands& a, Range range, double* sums) {
  static_assert(kLossChunk % Vec::width == 0, "a tile would cross the border of a chunk");
  for (int64_t chunk = range.begin; chunk < range.end; ++chunk) {
    const int64_t begin = chunk * kLossChunk, left = a.shape.rows - begin;
    const int64_t end = begin + (left < kLossChunk ? left : kLossChunk);
    double sum = 0;
    if (a.shape.classes > kTileClasses) {
      for (int64_t i = begin; i < end; ++i) sum += along_row<kind, labelled>(a, i);
    } else {
      each_tile({begin, end},
                [&](int64_t i, int64_t n) { sum += by_lane<kind, labelled>(a, i, n); });
    }
    sums[chunk] = sum;
  }
}

void sum_chunks(const Operands& a, Range range, double* sums) {
  const bool labelled = a.target.labels != nullptr;
  switch (a.shape.kind) {
    case LossKind::kSoftmaxCrossEntropy:
      return labelled ? sum_chunks<LossKind::kSoftmaxCrossEntropy, true>(a, range, sums)
                      : sum_chunks<LossKind::kSoftmaxCrossEntropy, false>(a, range, sums);
    case LossKind::kCrossEntropy:
      return labelled ? sum_chunks<LossKind::kCrossEntropy, true>(a, range, sums)
                      : sum_chunks<LossKind::kCrossEntropy, false>(a, range, sums);
    case LossKind::kBinaryCrossEntropyLogits:
      return sum_chunks<LossKind::kBinaryCrossEntropyLogits, false>(a, range, sums);
    case LossKind::kBinaryCrossEntropy:
      return sum_chunks<LossKind::kBinaryCrossEntropy, false>(a, range, sums);
    case LossKind::kMeanSquaredError:
      return sum_chunks<LossKind::kMeanSquaredError, false>(a, range, sums);
    case LossKind::kMeanAbsoluteError:
      return sum_chunks<LossKind::kMeanAbsoluteError, false>(a, range, sums);
    case LossKind::kHuber: return sum_chunks<LossKind::kHuber, false>(a, range, sums);
  }
}

}  // namespace

void loss(const Exec& exec, const LossShape& shape, const float* pred, const LossTarget& target,
          float* loss, float* dpred) {
  const int64_t chunks = (shape.rows + kLossChunk - 1) / kLossChunk;
  double* sums = reinterpret_cast<double*>(exec.scratch);
  for (const Range mine : exec.portions(chunks)) {
    sum_chunks({shape, pred, target, dpred}, mine, sums);
  }
  exec.barrier();
  if (exec.thread != 0) return;
  double total = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) total += sums[chunk];
  *loss = shape.rows == 0 ? 0.f : static_cast<float>(total / static_cast<double>(shape.rows));
}

}  // namespace brasa::cpu::BRASA_ISA
