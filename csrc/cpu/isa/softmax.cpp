#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/rows.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// NaN needs no test: exp keeps it, the sum spreads it, and inf - inf makes it.
template <class Rows>
BRASA_INLINE void forward(Rows rows, const float* x, float* y) {
  Vec highest = Vec::all(-INFINITY);
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    highest = max(highest, load(x, piece, -INFINITY));
  });
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

template <class Rows>
BRASA_INLINE void backward(Rows rows, const float* dy, const float* y, float* dx) {
  LongSum products;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    products.add(load(dy, piece) * load(y, piece));
  });
  const Vec mean = rows.sum(products);
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    store(load(y, piece) * (load(dy, piece) - mean), dx, piece);
  });
}

}  // namespace

void softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y) {
  const int64_t classes = shape.classes;
  if (classes > kTileClasses) {
    const Range range = exec.share(shape.rows);
    for (int64_t i = range.begin; i < range.end; ++i) {
      forward(AlongRow{classes}, x + i * classes, y + i * classes);
    }
    return;
  }
  const Range range = exec.share(shape.rows, Vec::width);
  for (int64_t i = range.begin; i < range.end; i += Vec::width) {
    Tile tile;
    tile.read(x + i * classes, classes, range.end - i);
    forward(ByLane{classes}, tile.value, tile.value);
    tile.write(y + i * classes, classes, range.end - i);
  }
}

void softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                      float* dx) {
  const int64_t classes = shape.classes;
  if (classes > kTileClasses) {
    const Range range = exec.share(shape.rows);
    for (int64_t i = range.begin; i < range.end; ++i) {
      const int64_t at = i * classes;
      backward(AlongRow{classes}, dy + at, y + at, dx + at);
    }
    return;
  }
  const Range range = exec.share(shape.rows, Vec::width);
  for (int64_t i = range.begin; i < range.end; i += Vec::width) {
    const int64_t at = i * classes, rows = range.end - i;
    Tile gradient, output;
    gradient.read(dy + at, classes, rows);
    output.read(y + at, classes, rows);
    backward(ByLane{classes}, gradient.value, output.value, gradient.value);
    gradient.write(dx + at, classes, rows);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
