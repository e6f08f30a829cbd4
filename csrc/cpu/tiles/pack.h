// Operands in the order in which the tiles read them: panels of 32 outer indices (rows of a, columns of b);
// in a panel the steps of 32 indices of the sum; in a step the parts of each number; in a part two tiles
// of 16 outer indices. A tile of a has a row for each outer index and pairs of the sum in it; one of b a
// row for each pair of the sum. What is missing in the last panel and step is 0.
//
// A number has one part, itself in bf16, or three: high = bf16(x), middle = bf16(x - high), low = bf16(x -
// high - middle), together exactly x. That needs an x whose low part is no denormal and whose high part
// is finite: `unsafe` is set for a panel with any other number.
#pragma once

#include "cpu/tiles/lines.h"

namespace brasa::cpu::BRASA_ISA {

// The longest part of a line of the sum.
constexpr int64_t kMostSum = 512;

enum class Side { kA, kB };

namespace {

BRASA_INLINE int64_t tiles_up(int64_t count) { return (count + 31) / 32; }
BRASA_INLINE int64_t panel_bytes(int64_t sum, int parts) { return tiles_up(sum) * parts * 2048; }

}  // namespace

// `unsafe` has one entry for each panel; it is written where parts == 3. sum is at most kMostSum long.
// From panel to panel there are `panel` bytes.
void pack(const Lines& lines, Side side, int parts, Range outer, Range sum, int64_t panel, char* to,
          uint8_t* unsafe);

}  // namespace brasa::cpu::BRASA_ISA
