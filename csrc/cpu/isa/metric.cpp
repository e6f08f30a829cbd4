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

int64_t sum_of(VecInt v) {
  int32_t lanes[Vec::width];
  v.store(lanes);
  int64_t sum = 0;
  BRASA_UNROLL_ALL
  for (int lane = 0; lane < Vec::width; ++lane) sum += lanes[lane];
  return sum;
}

int32_t argmax(const float* row, int64_t classes) {
  const Best best = best_of(AlongRow{classes}, row);
  float value[Vec::width];
  int32_t index[Vec::width];
  best.value.store(value);
  best.index.store(index);
  int winner = 0;
  BRASA_UNROLL_ALL
  for (int lane = 1; lane < Vec::width; ++lane) {
    const bool nan = value[lane] != value[lane], winner_nan = value[winner] != value[winner];
    const bool equal = value[lane] == value[winner] || (nan && winner_nan);
    const bool beats = value[lane] > value[winner] || (nan && !winner_nan);
    if (beats || (equal && index[lane] < index[winner])) winner = lane;
  }
  return index[winner];
}

// Right where fewer than `top` classes of the row come before the wanted one.
bool among_the_first(int64_t top, int64_t classes, const float* row, int64_t want) {
  if (want < 0 || want >= classes) return false;
  const Vec value = Vec::all(row[want]);
  const Mask nan = is_nan(value);
  VecInt others = VecInt::all(0);
  const auto count = [&](Mask before, Piece piece) BRASA_INLINE_LAMBDA {
    others = others + select(before & Mask::first(piece.n), VecInt::all(1), VecInt::all(0));
  };
  each_piece(0, want, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec v = load(row, piece);
    count(is_nan(v) | (v >= value), piece);
  });
  each_piece(want + 1, classes, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec v = load(row, piece);
    count((is_nan(v) & ~nan) | (v > value), piece);
  });
  return sum_of(others) < top;
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
  if (a.shape.top > 1) return among_the_first(a.shape.top, classes, a.pred + at, want);
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
  const Mask right = (given == want) & Mask::first(static_cast<int>(rows));
  return sum_of(select(right, VecInt::all(1), VecInt::all(0)));
}

Verdict judge_elements(const Operands& a, int64_t begin, int64_t end) {
  const Vec threshold = Vec::all(a.shape.threshold), half = Vec::all(0.5f);
  const Judged which = a.shape.judged;
  VecInt right = VecInt::all(0), judged = VecInt::all(0);
  each_piece(begin, end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Mask there = Mask::first(piece.n);
    const Mask given = (load(a.pred, piece) > threshold) & there;
    const Mask want = (load(a.target.dense, piece) > half) & there;
    const Mask both = given & want;
    const Mask same = which == Judged::kAll ? both | (~(given | want) & there) : both;
    const Mask counts = which == Judged::kAll ? there : which == Judged::kPredicted ? given : want;
    right = right + select(same, VecInt::all(1), VecInt::all(0));
    judged = judged + select(counts, VecInt::all(1), VecInt::all(0));
  });
  return {static_cast<double>(sum_of(right)), static_cast<double>(sum_of(judged))};
}

Verdict judge_weighted(const Operands& a, int64_t begin, int64_t end) {
  const int64_t classes = a.shape.classes;
  Verdict all = {0, 0};
  for (int64_t i = begin; i < end; ++i) {
    const double times = double{a.target.mask[i]};
    if (times == 0) continue;
    const Verdict one = a.shape.binary ? judge_elements(a, i * classes, (i + 1) * classes)
                                       : Verdict{static_cast<double>(right_along_row(a, i)), 1};
    all.right += times * one.right, all.judged += times * one.judged;
  }
  return all;
}

Verdict judge_rows(const Operands& a, int64_t begin, int64_t end) {
  const int64_t classes = a.shape.classes;
  if (a.target.mask != nullptr) return judge_weighted(a, begin, end);
  if (a.shape.binary) return judge_elements(a, begin * classes, end * classes);
  int64_t right = 0;
  if (classes > kTileClasses || a.shape.top > 1) {
    for (int64_t i = begin; i < end; ++i) right += right_along_row(a, i);
  } else {
    each_tile({begin, end}, [&](int64_t i, int64_t rows) { right += right_by_lane(a, i, rows); });
  }
  return {static_cast<double>(right), static_cast<double>(end - begin)};
}

}  // namespace

void accuracy(const Exec& exec, const AccuracyShape& shape, const float* pred,
              const AccuracyTarget& target, float* value, double* counted) {
  const Operands operands = {shape, pred, target};
  const int64_t rows = shape.rows, chunks = (rows + kMetricChunk - 1) / kMetricChunk;
  Verdict* verdicts = reinterpret_cast<Verdict*>(exec.scratch);
  const Range range = exec.share(chunks);
  for (int64_t chunk = range.begin; chunk < range.end; ++chunk) {
    const int64_t begin = chunk * kMetricChunk, left = rows - begin;
    verdicts[chunk] =
        judge_rows(operands, begin, begin + (left < kMetricChunk ? left : kMetricChunk));
  }
  exec.barrier();
  if (exec.thread != 0) return;
  Verdict all = {0, 0};
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    all.right += verdicts[chunk].right, all.judged += verdicts[chunk].judged;
  }
  *counted = all.judged;
  *value = all.judged == 0 ? 0.f : static_cast<float>(all.right / all.judged);
}

void accumulate(const Exec& exec, double count, const double* counted, const float* value,
                double* totals) {
  if (exec.thread != 0) return;
  if (counted != nullptr) count = *counted;
  totals[0] += double{*value} * count;
  totals[1] += count;
}

}  // namespace brasa::cpu::BRASA_ISA
