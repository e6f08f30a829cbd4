// One function for each kind of loss, over a row or a tile of rows (rows.h). Each returns the loss of
// its rows and, where dz is not null, writes their gradient times `scale`; dz may be z.
#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/rows.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Dense values, or the one-hot rows of labels: the label of each lane's row.
template <class Rows, bool labelled>
struct Target {
  const float* dense;
  VecInt label;

  BRASA_INLINE Vec operator[](Piece piece) const {
    if (!labelled) return load(dense, piece);
    return select(Rows::class_of(piece) == label, Vec::all(1.f), Vec::zero());
  }
};

template <class Rows, class Target>
BRASA_INLINE Vec softmax_cross_entropy(Rows rows, const float* z, Target t, Vec scale, float* dz) {
  Vec highest = Vec::all(-INFINITY);
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    highest = max(highest, load(z, piece, -INFINITY));
  });
  highest = rows.largest(highest);
  LongSum exps, targets, products;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec below = load(z, piece, -INFINITY) - highest;
    const Vec tj = t[piece], e = exp_nonpositive(below);
    // 0 * -inf must be 0: a class far below the highest that nobody asks for.
    products.add(select(tj == Vec::zero(), Vec::zero(), tj * below));
    targets.add(tj);
    exps.add(e);
    if (dz != nullptr) store(e, dz, piece);
  });
  const Vec sum = rows.sum(exps), total = rows.sum(targets);
  if (dz != nullptr) {
    const Vec share = total / sum;
    rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
      store(scale * fma(load(dz, piece), share, -t[piece]), dz, piece);
    });
  }
  return fma(log(sum), total, -rows.sum(products));
}

// 1 - 1e-7 lies between two floats; from kHighest on downwards none is clipped.
constexpr float kLowest = 1e-7f, kHighest = 0x1.fffffcp-1f;

BRASA_INLINE Vec clip(Vec p) { return min(Vec::all(kHighest), max(Vec::all(kLowest), p)); }
BRASA_INLINE Mask clipped(Vec p) {
  return (p < Vec::all(kLowest)) | (p > Vec::all(kHighest));
}

// With p_j = z_j / sum and u_j = t_j / p_j (0 where the clip acts):
//   d loss / d z_i = -sum_j u_j * d p_j / d z_i = (sum_j u_j * p_j - u_i) / sum
template <class Rows, class Target>
BRASA_INLINE Vec cross_entropy(Rows rows, const float* z, Target t, Vec scale, float* dz) {
  LongSum probabilities;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA { probabilities.add(load(z, piece)); });
  const Vec sum = rows.sum(probabilities);
  LongSum logs, active;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec p = load(z, piece) / sum, tj = t[piece];
    logs.add(select(tj == Vec::zero(), Vec::zero(), tj * log(clip(p))));
    active.add(select(clipped(p), Vec::zero(), tj));
  });
  if (dz != nullptr) {
    const Vec up = rows.sum(active), share = scale / sum;
    rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec p = load(z, piece) / sum, tj = t[piece];
      const Vec u = select(clipped(p) | (tj == Vec::zero()), Vec::zero(), tj / p);
      store(share * (up - u), dz, piece);
    });
  }
  return -rows.sum(logs);
}

// The losses that sum over elements: `element(z, t, &slope)` gives an element's loss and its slope.
template <class Rows, class Target, class Element>
BRASA_INLINE Vec mean_over_classes(Rows rows, const float* z, Target t, Vec scale, float* dz,
                                   Element element) {
  const Vec count = Vec::all(static_cast<float>(rows.classes));
  const Vec share = scale / count;
  LongSum losses;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec slope;
    losses.add(keep(element(load(z, piece), t[piece], &slope), piece));
    if (dz != nullptr) store(share * slope, dz, piece);
  });
  return rows.sum(losses) / count;
}

BRASA_INLINE Vec binary_cross_entropy_logits(Vec z, Vec t, Vec* slope) {
  const Vec one = Vec::all(1.f), e = exp_nonpositive(-abs(z));
  *slope = select(z >= Vec::zero(), one, e) / (one + e) - t;
  return fnma(z, t, max(Vec::zero(), z)) + log1p_unit(e);
}

BRASA_INLINE Vec binary_cross_entropy(Vec z, Vec t, Vec* slope) {
  // 1 - z is clipped by itself: 1 - 1e-7 is no float, and 1 - clip(z) would miss 1e-7 by a fifth.
  const Vec one = Vec::all(1.f), p = clip(z), rest = clip(one - z);
  *slope = select(clipped(z), Vec::zero(), (p - t) / (p * rest));
  return -fma(t, log(p), (one - t) * log(rest));
}

BRASA_INLINE Vec squared_error(Vec z, Vec t, Vec* slope) {
  const Vec error = z - t;
  *slope = error + error;
  return error * error;
}

template <LossKind kind, class Rows, class Target>
BRASA_INLINE Vec row_loss(Rows rows, const float* z, Target t, Vec scale, float* dz) {
  switch (kind) {
    case LossKind::kSoftmaxCrossEntropy: return softmax_cross_entropy(rows, z, t, scale, dz);
    case LossKind::kCrossEntropy: return cross_entropy(rows, z, t, scale, dz);
    case LossKind::kBinaryCrossEntropyLogits:
      return mean_over_classes(rows, z, t, scale, dz, binary_cross_entropy_logits);
    case LossKind::kBinaryCrossEntropy:
      return mean_over_classes(rows, z, t, scale, dz, binary_cross_entropy);
    case LossKind::kMeanSquaredError:
      return mean_over_classes(rows, z, t, scale, dz, squared_error);
  }
  return Vec::zero();
}

struct Operands {
  const LossShape& shape;
  const float* pred;
  const LossTarget& target;
  float* dpred;
};

// The loss of row i times its weight.
template <LossKind kind, bool labelled>
double along_row(const Operands& a, int64_t i) {
  const int64_t classes = a.shape.classes, at = i * classes;
  const float weight = a.target.weight == nullptr ? 1.f : a.target.weight[i];
  const Target<AlongRow, labelled> t = {labelled ? nullptr : a.target.dense + at,
                                        VecInt::all(labelled ? a.target.labels[i] : 0)};
  const Vec scale = Vec::all(weight / static_cast<float>(a.shape.rows));
  const Vec losses = row_loss<kind>(AlongRow{classes}, a.pred + at, t, scale,
                                    a.dpred == nullptr ? nullptr : a.dpred + at);
  return double{weight} * double{first_lane(losses)};
}

// The same, summed over rows [i, i + n), n <= Vec::width.
template <LossKind kind, bool labelled>
double by_lane(const Operands& a, int64_t i, int n) {
  const int64_t classes = a.shape.classes, at = i * classes;
  Tile z, dense;
  z.read(a.pred + at, classes, n);
  if (!labelled) dense.read(a.target.dense + at, classes, n);
  const Target<ByLane, labelled> t = {
      dense.value, labelled ? VecInt::load_partial(a.target.labels + i, n) : VecInt::all(0)};
  const Vec weight =
      a.target.weight == nullptr ? Vec::all(1.f) : Vec::load_partial(a.target.weight + i, n);
  const Vec scale = weight / Vec::all(static_cast<float>(a.shape.rows));
  const Vec losses = row_loss<kind>(ByLane{classes}, z.value, t, scale,
                                    a.dpred == nullptr ? nullptr : z.value);
  if (a.dpred != nullptr) z.write(a.dpred + at, classes, n);
  float weights[Vec::width], values[Vec::width];
  weight.store(weights);
  losses.store(values);
  double sum = 0;
  for (int lane = 0; lane < n; ++lane) sum += double{weights[lane]} * double{values[lane]};
  return sum;
}

// Each chunk's sum into chunk_sums[chunk]. A chunk is whole tiles, so neither is ever cut by threads.
template <LossKind kind, bool labelled>
void chunks(const Operands& a, Range range, double* chunk_sums) {
  static_assert(kLossChunk % Vec::width == 0, "a tile would cross the border of a chunk");
  const bool tiled = a.shape.classes <= kTileClasses;
  for (int64_t chunk = range.begin; chunk < range.end; ++chunk) {
    const int64_t begin = chunk * kLossChunk, left = a.shape.rows - begin;
    const int64_t end = begin + (left < kLossChunk ? left : kLossChunk);
    double sum = 0;
    for (int64_t i = begin; i < end; i += tiled ? Vec::width : 1) {
      const int n = end - i < Vec::width ? static_cast<int>(end - i) : Vec::width;
      sum += tiled ? by_lane<kind, labelled>(a, i, n) : along_row<kind, labelled>(a, i);
    }
    chunk_sums[chunk] = sum;
  }
}

void all_chunks(const Operands& a, Range range, double* sums) {
  const bool labelled = a.target.labels != nullptr;
  switch (a.shape.kind) {
    case LossKind::kSoftmaxCrossEntropy:
      return labelled ? chunks<LossKind::kSoftmaxCrossEntropy, true>(a, range, sums)
                      : chunks<LossKind::kSoftmaxCrossEntropy, false>(a, range, sums);
    case LossKind::kCrossEntropy:
      return labelled ? chunks<LossKind::kCrossEntropy, true>(a, range, sums)
                      : chunks<LossKind::kCrossEntropy, false>(a, range, sums);
    case LossKind::kBinaryCrossEntropyLogits:
      return chunks<LossKind::kBinaryCrossEntropyLogits, false>(a, range, sums);
    case LossKind::kBinaryCrossEntropy:
      return chunks<LossKind::kBinaryCrossEntropy, false>(a, range, sums);
    case LossKind::kMeanSquaredError:
      return chunks<LossKind::kMeanSquaredError, false>(a, range, sums);
  }
}

}  // namespace

void loss(const Exec& exec, const LossShape& shape, const float* pred, const LossTarget& target,
          float* loss, float* dpred) {
  const int64_t count = (shape.rows + kLossChunk - 1) / kLossChunk;
  double* sums = reinterpret_cast<double*>(exec.scratch);
  all_chunks({shape, pred, target, dpred}, exec.share(count), sums);
  exec.barrier();
  if (exec.thread != 0) return;
  double total = 0;
  for (int64_t chunk = 0; chunk < count; ++chunk) total += sums[chunk];
  *loss = shape.rows == 0 ? 0.f : static_cast<float>(total / static_cast<double>(shape.rows));
}

}  // namespace brasa::cpu::BRASA_ISA
