#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Rows that a thread takes at a time, so that no two write into one cache line of the mask.
constexpr int64_t kRowGrain = 16;

BRASA_INLINE Mask differs(Vec a, Vec b) { return ~(a == b); }

bool any_differs(const float* row, int64_t columns, float value) {
  Mask found = Mask::first(0);
  each_piece(0, columns, [&](Piece piece) BRASA_INLINE_LAMBDA {
    found = found | differs(load(row, piece, value), Vec::all(value));
  });
  return any(found);
}

}  // namespace

void mask_of_ids(const Exec& exec, int64_t count, int32_t value, const int32_t* ids, float* mask) {
  const Range range = exec.share(count, kFlatGrain);
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const Mask padding = load(ids, piece) == VecInt::all(value);
    store(select(padding, Vec::zero(), Vec::all(1.f)), mask, piece);
  });
}

void mask_of_rows(const Exec& exec, const MaskShape& shape, const float* x, float* mask) {
  const Range range = exec.share(shape.rows, kRowGrain);
  for (int64_t i = range.begin; i < range.end; ++i) {
    mask[i] = any_differs(x + i * shape.columns, shape.columns, shape.value) ? 1.f : 0.f;
  }
}

void mask_rows(const Exec& exec, const MaskShape& shape, const float* x, const float* mask,
               float* y) {
  const Range range = exec.share(shape.rows * shape.columns, kFlatGrain);
  each_row_part(range, shape.columns, [&](int64_t row, int64_t column, int64_t length) {
    const int64_t at = row * shape.columns + column;
    const size_t bytes = static_cast<size_t>(length) * sizeof(float);
    if (mask[row] == 0.f) {
      memset(y + at, 0, bytes);
    } else if (x != y) {
      memcpy(y + at, x + at, bytes);
    }
  });
}

// Every thread counts all rows, four bytes each: cheaper than to meet the others.
void mask_weights(const Exec& exec, int64_t rows, const float* mask, const float* weight,
                  float* weights, double* valid) {
  int64_t count = 0;
  for (int64_t i = 0; i < rows; ++i) count += mask[i] != 0.f ? 1 : 0;
  const Range range = exec.share(rows, kFlatGrain);
  const double all = static_cast<double>(rows), valid_rows = static_cast<double>(count);
  for (int64_t i = range.begin; i < range.end; ++i) {
    const double own = weight == nullptr ? 1.0 : double{weight[i]};
    weights[i] = mask[i] != 0.f ? static_cast<float>(own * all / valid_rows) : 0.f;
  }
  if (exec.thread == 0) *valid = valid_rows;
}

}  // namespace brasa::cpu::BRASA_ISA
