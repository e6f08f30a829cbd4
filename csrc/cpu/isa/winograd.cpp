// Which convolutions take tiles.
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The time for one channel and one filter, in products of the register tile. Fitted to one Zen 3 core,
// 16 to 512 channels, 3x3 to 112x112 pixels, batches of 1 to 128. Where it errs it is too careful:
// 1.2 to 1.4 times for some layers of a few tiles or with 8 channels.
constexpr double kDirectPixel = 10, kDirectFilter = 150;
constexpr double kTile = 42, kFilter = 500;
// Where the filters come packed, what is left is to read 9 or 36 floats, from memory in a network whose
// weights exceed the caches: 20 ns of one core for 36 of them.
constexpr double kDirectPacked = 175, kPacked = 700;
// The transforms: for a tile and one channel of the input, or one filter of the output.
constexpr double kTileChannel = 1000, kTileFilter = 600;
// Tiles cost accuracy and memory: they have to be that much faster.
constexpr double kMargin = 1.2;

bool formula_holds(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return win.R == kWinogradFilter && win.S == kWinogradFilter && win.stride_h == 1 &&
         win.stride_w == 1 && s.groups == 1;
}

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
  const double direct = kDirectPixel * pixels + (s.packed ? kDirectPacked : kDirectFilter);
  const double tiled =
      tiles * (kTile + kTileChannel / K + kTileFilter / C) + (s.packed ? kPacked : kFilter);
  return kMargin * tiled < direct;
}

}  // namespace brasa::cpu::BRASA_ISA
