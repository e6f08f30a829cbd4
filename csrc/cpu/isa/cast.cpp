#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"
#include "cpu/simd/functions.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Without its fraction, towards 0; to_int() is for numbers below 2^31.
BRASA_INLINE VecInt whole(Vec x) {
  const Vec size = floor(abs(x)), limit = Vec::all(0x1p31f);
  const VecInt sign = as_int(x) & VecInt::all(INT32_MIN);
  const Vec near = select(limit > size, size, Vec::zero());
  const VecInt inside = to_int(as_float(as_int(near) | sign));
  const VecInt past = select(x > Vec::zero(), VecInt::all(INT32_MAX), VecInt::all(INT32_MIN));
  return select(size >= limit, past, inside);
}

}  // namespace

void cast_float(const Exec& exec, int64_t count, const int32_t* x, float* y) {
  for (const Range mine : flat_portions(exec, count)) {
    each_piece(mine.begin, mine.end,
               [&](Piece piece) BRASA_INLINE_LAMBDA { store(to_float(load(x, piece)), y, piece); });
  }
}

void cast_int(const Exec& exec, int64_t count, const float* x, int32_t* y) {
  for (const Range mine : flat_portions(exec, count)) {
    each_piece(mine.begin, mine.end,
               [&](Piece piece) BRASA_INLINE_LAMBDA { store(whole(load(x, piece)), y, piece); });
  }
}

}  // namespace brasa::cpu::BRASA_ISA
