// Which convolutions take tiles.
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The time for one channel and one filter, in products of the register tile: those of the direct sum and
// those for filters fitted to one Zen 3 core, 16 to 512 channels, 3x3 to 112x112 pixels, batches of 1 to 128.
constexpr double kDirectPixel = 10, kDirectFilter = 150;
constexpr double kTile = 42, kFilter = 500;
// Where the filters come packed, what is left is to read 9 or 36 floats, from memory in a network whose
// weights exceed the caches: 20 ns of one core for 36 of them.
constexpr double kDirectPacked = 175, kPacked = 700;
// The transforms: for a tile and one channel of the input, or one filter of the output, as many of both as
// fill vectors. On two cores of Zen 5, 32 images of 32x32, the direct sum takes so many times as long:
//   channels and filters   24,12  60,12  12,24  16,16  32,8  16,8  8,16
//   measured, 16 lanes     1.6    2.2    1.4    1.6    2.0   1.7   1.1
//   by this rule           1.7    2.0    1.8    1.7    1.9   1.7   1.1
constexpr double kTileChannel = 500, kTileFilter = 300;
// Tiles cost accuracy and memory: they have to be that much faster.
constexpr double kMargin = 1.2;

bool formula_holds(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return win.R == kWinogradFilter && win.S == kWinogradFilter && win.stride_h == 1 &&
         win.stride_w == 1 && s.groups == 1;
}

double lanes_for(int64_t count) { return static_cast<double>(round_up(count, Vec::width)); }

}  // namespace

bool takes_winograd(const Conv2dShape& s, Pass pass) {
  if (s.winograd == Winograd::kNever || !formula_holds(s)) return false;
  if (s.winograd == Winograd::kAlways) return true;
  const bool data = pass == Pass::kBackwardData;
  const TiledConv t = data ? backward_tiles(s) : forward_tiles(s);
  const double tiles = static_cast<double>(grid_of(t).total);
  const double C = static_cast<double>(t.C), K = static_cast<double>(t.K);
  // The direct data gradient runs over the pixels of x, padding or not.
  const int64_t walked =
      data ? larger(s.H * s.W, s.window.P * s.window.Q) : s.window.P * s.window.Q;
  const double pixels = static_cast<double>(s.N * walked);
  const double wide_c = lanes_for(t.C) / C, wide_k = lanes_for(t.K) / K;
  const double direct = wide_k * kDirectPixel * pixels + (s.packed ? kDirectPacked : kDirectFilter);
  const double tile = wide_k * kTile + wide_c * kTileChannel / K + wide_k * kTileFilter / C;
  const double tiled = tiles * tile + (s.packed ? kPacked : kFilter);
  return kMargin * tiled < direct;
}

}  // namespace brasa::cpu::BRASA_ISA
