#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/rows.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The largest value that each lane saw, and its class. A NaN beats every number and is never beaten; of
// equals the first stays.
struct Best {
  Vec value;
  VecInt index;
};

template <class Rows>
BRASA_INLINE Best best_of(Rows rows, const float* x) {
  Best best = {Vec::all(-INFINITY), VecInt::all(0)};
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec v = load(x, piece, -INFINITY);
    const Mask stays = (best.value >= v) | is_nan(best.value);
    best.value = select(stays, best.value, v);
    best.index = select(stays, best.index, Rows::class_of(piece));
  });
  return best;
}

int32_t argmax(const float* row, int64_t classes) {
  const Best best = best_of(AlongRow{classes}, row);
  float value[Vec::width];
  int32_t index[Vec::width];
  best.value.store(value);
  best.index.store(index);
  int winner = 0;
  for (int lane = 1; lane < Vec::width; ++lane) {
    const bool nan = value[lane] != value[lane], winner_nan = value[winner] != value[winner];
    const bool equal = value[lane] == value[winner] || (nan && winner_nan);
    const bool beats = value[lane] > value[winner] || (nan && !winner_nan);
    if (beats || (equal && index[lane] < index[winner])) winner = lane;
  }
  return index[winner];
}

struct Operands {
  const AccuracyShape& shape;
  const float* pred;
  const AccuracyTarget& target;
};

int64_t right_along_row(const Operands& a, int64_t i) {
  const int64_t classes = a.shape.classes, at = i * classes;
  const int32_t want =
      a.target.labels != nullptr ? a.target.labels[i] : argmax(a.target.dense + at, classes);
  return argmax(a.pred + at, classes) == want;
}

// Of the rows [i, i + rows), at most Vec::width.
int64_t right_by_lane(const Operands& a, int64_t i, int64_t rows) {
  const int64_t classes = a.shape.classes, at = i * classes;
  const ByLane by_lane = {classes, rows};
  Tile tile;
  tile.read(a.pred + at, classes, rows);
  const VecInt given = best_of(by_lane, tile.value).index;
  VecInt want;
  if (a.target.labels != nullptr) {
    want = VecInt::load_partial(a.target.labels + i, static_cast<int>(rows));
  } else {
    tile.read(a.target.dense + at, classes, rows);
    want = best_of(by_lane, tile.value).index;
  }
  int32_t right[Vec::width];
  select(given == want, VecInt::all(1), VecInt::all(0)).store(right);
  int64_t count = 0;
  for (int64_t lane = 0; lane < rows; ++lane) count += right[lane];
  return count;
}

int64_t right_elements(const Operands& a, int64_t begin, int64_t end) {
  const Vec threshold = Vec::all(a.shape.threshold), half = Vec::all(0.5f);
  VecInt right = VecInt::all(0);
  each_piece(begin, end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Mask given = load(a.pred, piece) > threshold, want = load(a.target.dense, piece) > half;
    const Mask same = ((given & want) | ~(given | want)) & Mask::first(piece.n);
    right = right + select(same, VecInt::all(1), VecInt::all(0));
  });
  int32_t lanes[Vec::width];
  right.store(lanes);
  int64_t count = 0;
  for (int lane = 0; lane < Vec::width; ++lane) count += lanes[lane];
  return count;
}

int64_t right_where_unmasked(const Operands& a, int64_t begin, int64_t end) {
  const int64_t classes = a.shape.classes;
  int64_t right = 0;
  for (int64_t i = begin; i < end; ++i) {
    if (a.target.mask[i] == 0.f) continue;
    right +=
        a.shape.binary ? right_elements(a, i * classes, (i + 1) * classes) : right_along_row(a, i);
  }
  return right;
}

int64_t right_in_rows(const Operands& a, int64_t begin, int64_t end) {
  const int64_t classes = a.shape.classes;
  if (a.target.mask != nullptr) return right_where_unmasked(a, begin, end);
  if (a.shape.binary) return right_elements(a, begin * classes, end * classes);
  int64_t right = 0;
  if (classes > kTileClasses) {
    for (int64_t i = begin; i < end; ++i) right += right_along_row(a, i);
  } else {
    each_tile({begin, end}, [&](int64_t i, int64_t rows) { right += right_by_lane(a, i, rows); });
  }
  return right;
}

int64_t judged_rows(int64_t rows, const float* mask) {
  if (mask == nullptr) return rows;
  int64_t count = 0;
  for (int64_t i = 0; i < rows; ++i) count += mask[i] != 0.f ? 1 : 0;
  return count;
}

}  // namespace

void accuracy(const Exec& exec, const AccuracyShape& shape, const float* pred,
              const AccuracyTarget& target, float* value) {
  const Operands operands = {shape, pred, target};
  const int64_t rows = shape.rows, chunks = (rows + kMetricChunk - 1) / kMetricChunk;
  int64_t* right = reinterpret_cast<int64_t*>(exec.scratch);
  const Range range = exec.share(chunks);
  for (int64_t chunk = range.begin; chunk < range.end; ++chunk) {
    const int64_t begin = chunk * kMetricChunk, left = rows - begin;
    right[chunk] =
        right_in_rows(operands, begin, begin + (left < kMetricChunk ? left : kMetricChunk));
  }
  exec.barrier();
  if (exec.thread != 0) return;
  int64_t total = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) total += right[chunk];
  const int64_t judged = judged_rows(rows, target.mask) * (shape.binary ? shape.classes : 1);
  *value = judged == 0
               ? 0.f
               : static_cast<float>(static_cast<double>(total) / static_cast<double>(judged));
}

void accumulate(const Exec& exec, double count, const double* counted, const float* value,
                double* totals) {
  if (exec.thread != 0) return;
  if (counted != nullptr) count = *counted;
  totals[0] += double{*value} * count;
  totals[1] += count;
}

}  // namespace brasa::cpu::BRASA_ISA
