// What stands beyond the edges of an image: for ops that show more of it than there is.
#pragma once

#include "core/exec.h"

namespace brasa {

// Beyond x = a b c d: kConstant v v|a b c d|v v, kNearest a a|a b c d|d d, kReflect b a|a b c d|d c,
// kWrap c d|a b c d|a b; the last two as often as it takes.
enum class Fill : int { kConstant, kNearest, kReflect, kWrap };

// The entry of an axis that x~ has at `i`; -1 for the fill value. constexpr: nvcc then compiles it for the
// device, too.
BRASA_INLINE constexpr int64_t folded(Fill fill, int64_t i, int64_t extent) {
  if (i >= 0 && i < extent) return i;
  if (fill == Fill::kConstant) return -1;
  if (fill == Fill::kNearest) return i < 0 ? 0 : extent - 1;
  const int64_t period = fill == Fill::kWrap ? extent : 2 * extent;
  const int64_t rest = i % period, at = rest < 0 ? rest + period : rest;
  return at < extent ? at : period - 1 - at;
}

}  // namespace brasa
