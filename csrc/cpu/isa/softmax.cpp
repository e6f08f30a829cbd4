#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/rows.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int64_t kTileRowsAtOnce = 32 * Vec::width;  // so many rows of few classes: microseconds

// NaN needs no test: exp keeps it, the sum spreads it, and inf - inf makes it.
template <class Rows>
BRASA_INLINE void forward(Rows rows, const float* x, float* y) {
  Vec highest = Vec::all(-INFINITY);
  rows.each([&](Piece piece)
                BRASA_INLINE_LAMBDA { highest = max(highest, load(x, piece, -INFINITY)); });
  highest = rows.largest(highest);
  LongSum total;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec e = exp_nonpositive(load(x, piece, -INFINITY) - highest);
    store(e, y, piece);
    total.add(e);
  });
  const Vec share = Vec::all(1.f) / rows.sum(total);
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA { store(load(y, piece) * share, y, piece); });
}

// The logarithms of the same: the sum alone is of powers.
template <class Rows>
BRASA_INLINE void log_forward(Rows rows, const float* x, float* y) {
  Vec highest = Vec::all(-INFINITY);
  rows.each([&](Piece piece)
                BRASA_INLINE_LAMBDA { highest = max(highest, load(x, piece, -INFINITY)); });
  highest = rows.largest(highest);
  LongSum total;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    total.add(exp_nonpositive(load(x, piece, -INFINITY) - highest));
  });
  const Vec of_sum = log(rows.sum(total));
  rows.each([&](Piece piece)
                BRASA_INLINE_LAMBDA { store(load(x, piece) - highest - of_sum, y, piece); });
}

// f(one row after the other, or a tile of several; x, y).
template <class F>
BRASA_INLINE void each_rows(const Exec& exec, const RowsShape& shape, const float* x, float* y,
                            F f) {
  const int64_t classes = shape.classes;
  if (classes > kTileClasses) {
    for (const Range mine : row_portions(exec, shape.rows, classes)) {
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        f(AlongRow{classes}, x + i * classes, y + i * classes);
      }
    }
    return;
  }
  for (const Range mine : exec.portions(shape.rows, kTileRowsAtOnce, Vec::width)) {
    each_tile(mine, [&](int64_t i, int64_t rows) {
      Tile tile;
      tile.read(x + i * classes, classes, rows);
      f(ByLane{classes, rows}, tile.value, tile.value);
      tile.write(y + i * classes, classes, rows);
    });
  }
}

// Along the rows even where they are short: with one sum to a row there is little to save, and going through tiles
// takes 1.7 times as long at 10 classes (AVX2). f(dy, y, row): dx of a row shorter than a vector. As in
// load_short_rows(), lanes past it hold what comes next, unless that is another thread's.
template <class Short, class Long>
BRASA_INLINE void each_row_backward(const Exec& exec, const RowsShape& shape, const float* dy,
                                    const float* y, float* dx, Short of_short, Long of_long) {
  const int64_t classes = shape.classes;
  for (const Range mine : row_portions(exec, shape.rows, classes)) {
    if (classes > Vec::width) {
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const int64_t at = i * classes;
        of_long(dy + at, y + at, dx + at);
      }
      continue;
    }
    const Piece row = {0, static_cast<int>(classes)};
    for (int64_t at = mine.begin * classes; at < mine.end * classes; at += classes) {
      if (at + Vec::width <= mine.end * classes) {
        store(of_short(Vec::load(dy + at), Vec::load(y + at), row), dx + at, row);
      } else {
        store(of_short(load(dy + at, row), load(y + at, row), row), dx + at, row);
      }
    }
  }
}

}  // namespace

void softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y) {
  each_rows(exec, shape, x, y, [](auto rows, const float* from, float* to) BRASA_INLINE_LAMBDA {
    forward(rows, from, to);
  });
}

void log_softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y) {
  each_rows(exec, shape, x, y, [](auto rows, const float* from, float* to) BRASA_INLINE_LAMBDA {
    log_forward(rows, from, to);
  });
}

void softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                      float* dx) {
  each_row_backward(
      exec, shape, dy, y, dx,
      [](Vec by, Vec from, Piece row)
          BRASA_INLINE_LAMBDA { return from * (by - Vec::all(sum(keep(by * from, row)))); },
      [&](const float* by, const float* from, float* to) BRASA_INLINE_LAMBDA {
        const AlongRow row = {shape.classes};
        LongSum products;
        row.each([&](Piece piece)
                     BRASA_INLINE_LAMBDA { products.add(load(by, piece) * load(from, piece)); });
        const Vec mean = row.sum(products);
        row.each([&](Piece piece) BRASA_INLINE_LAMBDA {
          store(load(from, piece) * (load(by, piece) - mean), to, piece);
        });
      });
}

void log_softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                          float* dx) {
  each_row_backward(
      exec, shape, dy, y, dx,
      [](Vec by, Vec from, Piece row) BRASA_INLINE_LAMBDA {
        return fnma(exp_nonpositive(from), Vec::all(sum(keep(by, row))), by);
      },
      [&](const float* by, const float* from, float* to) BRASA_INLINE_LAMBDA {
        const AlongRow row = {shape.classes};
        LongSum all;
        row.each([&](Piece piece) BRASA_INLINE_LAMBDA { all.add(load(by, piece)); });
        const Vec total = row.sum(all);
        row.each([&](Piece piece) BRASA_INLINE_LAMBDA {
          const Vec share = exp_nonpositive(load(from, piece));
          store(fnma(share, total, load(by, piece)), to, piece);
        });
      });
}

}  // namespace brasa::cpu::BRASA_ISA
