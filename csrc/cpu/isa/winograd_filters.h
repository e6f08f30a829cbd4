// The filters of a tiled convolution at every frequency, packed as the register tile reads them.
#pragma once

#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The output transform magnifies the rounding of the sums, and shorter blocks round less: 256 and 512
// channels err by 1.5e-6 instead of 2.0e-6 of the root mean square, for 4 % more time.
constexpr int64_t kTileSum = 128;
BRASA_INLINE int64_t tile_sum_blocks(int64_t channels) { return ceil_div(channels, kTileSum); }

// One vector of filters for one channel, at all frequencies.
template <class Tap>
BRASA_INLINE void transform_filters(Tap tap, float* out, int64_t step) {
  transform_square<kWinogradFilter, kWinogradIn>(
      [&](int i, int j) BRASA_INLINE_LAMBDA { return tap(i * kWinogradFilter + j); },
      [&](int i, int j, Vec u)
          BRASA_INLINE_LAMBDA { u.store(out + (i * kWinogradIn + j) * step); });
}

// The nine taps lie megabytes apart, which no hardware foresees: they are called for so many channels ahead
// (512 x 512 filters on one core of Sapphire Rapids: 9 -> 6.5 ms; 2 and 6 measured alike, 16 less).
constexpr int64_t kFiltersAhead = 4;

// w is (3,3,C,K).
inline void transform_panel(const TiledConv& t, const float* w, Range sum, int64_t first,
                            int64_t width, float* packed, int64_t step) {
  const int64_t tap_step = t.C * t.K;
  for (int64_t c = sum.begin; c < sum.end; ++c, packed += width) {
    for (int64_t j = 0; j < width; j += Vec::width) {
      const int64_t left = smaller(Vec::width, larger(0, t.K - first - j));
      const float* from = w + c * t.K + first + j;
      transform_filters(
          [&](int tap) BRASA_INLINE_LAMBDA {
            __builtin_prefetch(from + tap * tap_step + kFiltersAhead * t.K);
            return load(from + tap * tap_step, {0, static_cast<int>(left)});
          },
          packed + j, step);
    }
  }
}

// w is (3,3,K,C): squares of it turn in registers, and the taps in their order.
inline void transform_rotated_panel(const TiledConv& t, const float* w, Range sum, int64_t first,
                                    int64_t width, float* packed, int64_t step) {
  constexpr int kTaps = kWinogradFilter * kWinogradFilter;
  Vec taps[kTaps][Vec::width];
  for (int64_t j = 0; j < width; j += Vec::width) {
    each_piece(sum.begin, sum.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      for (int tap = 0; tap < kTaps; ++tap) {
        const float* from = w + (kTaps - 1 - tap) * t.K * t.C;
        BRASA_UNROLL_ALL
        for (int i = 0; i < Vec::width; ++i) {
          const int64_t k = first + j + i;
          taps[tap][i] = k < t.K ? load(from + k * t.C, piece) : Vec::zero();
        }
        transpose(taps[tap]);
      }
      for (int i = 0; i < piece.n; ++i) {
        transform_filters([&](int tap) BRASA_INLINE_LAMBDA { return taps[tap][i]; },
                          packed + (piece.at - sum.begin + i) * width + j, step);
      }
    });
  }
}

// One block of the channels of the filters in `filters`, as packed panels (gemm_pack.h) for each frequency,
// `step` floats apart: of the panels, those that are asked for.
BRASA_INLINE void transform_weights(const TiledConv& t, Range filters, Range sum, Range panels,
                                    const float* w, int64_t step, float* packed) {
  const int64_t count = filters.end - filters.begin;
  for (int64_t j = panels.begin * kPanel; j < panels.end * kPanel; j += kPanel) {
    float* to = packed + j * (sum.end - sum.begin);
    const auto transform = t.rotated ? transform_rotated_panel : transform_panel;
    transform(t, w, sum, filters.begin + j, panel_width(count - j), to, step);
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
