// Which convolutions take tiles.
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int64_t kLeastChannels = 32;
constexpr int64_t kLeastTiles = 64;

bool formula_holds(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return win.R == kWinogradFilter && win.S == kWinogradFilter && win.stride_h == 1 &&
         win.stride_w == 1 && win.dilation_h == 1 && win.dilation_w == 1 && s.groups == 1;
}

}  // namespace

bool takes_winograd(const Conv2dShape& s, Pass) {
  if (s.winograd == Winograd::kNever || !formula_holds(s)) return false;
  if (s.winograd == Winograd::kAlways) return true;
  const TileGrid grid(s.N, s.window.P, s.window.Q);
  return s.C >= kLeastChannels && s.K >= kLeastChannels && grid.total >= kLeastTiles;
}

}  // namespace brasa::cpu::BRASA_ISA
