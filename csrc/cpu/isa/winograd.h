// A 3x3 convolution at unit stride by Winograd's F(4x4, 3x3) (winograd_transform.h): the output is cut
// into tiles of 4x4, each of which reads 6x6 pixels. The 36 elements of a transformed tile, the
// "frequencies", are 36 matrix products over the channels (or, for the weight gradient, over tiles).
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/gemm.h"
#include "cpu/isa/winograd_transform.h"
#include "ops/conv2d.h"

namespace brasa::cpu::BRASA_ISA {

enum class Pass { kForward, kBackwardData, kBackwardWeight };

// y (N,P,Q,K) = correlation of x (N,H,W,C) with 3x3 filters. The data gradient is one too: of dy, with
// the filters rotated and transposed.
struct TiledConv {
  int64_t N, H, W, C, P, Q, K, pad_top, pad_left;
  bool rotated;
  Write write;
  Activation activation;
  bool transformed;  // w is what transform_all_filters wrote
};

// Asked by the kernel and by its workspace function. By shape alone: the threads must not choose.
bool takes_winograd(const Conv2dShape& s, Pass pass);

void tiled_conv(const Exec& exec, const TiledConv& conv, const float* x, const float* w,
                const float* b, float* y);
int64_t tiled_conv_workspace(const TiledConv& conv, int threads);
void transform_all_filters(const Exec& exec, const TiledConv& conv, const float* w, float* out);
int64_t transformed_floats(const TiledConv& conv);

void tiled_weight_gradient(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                           float* dw);
int64_t tiled_weight_gradient_workspace(const Conv2dShape& s, int threads);

namespace {

BRASA_INLINE TiledConv forward_tiles(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return {s.N,         s.H,          s.W,   s.C,     win.P,        win.Q,   s.K,
          win.pad_top, win.pad_left, false, s.write, s.activation, s.packed};
}
BRASA_INLINE TiledConv backward_tiles(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return {s.N,  win.P,   win.Q,         s.K,  s.H, s.W, s.C, 2 - win.pad_top, 2 - win.pad_left,
          true, s.write, kNoActivation, false};
}

// The tiles of a batch, numbered through all images.
struct TileGrid {
  int64_t down, across, total;

  BRASA_INLINE TileGrid(int64_t N, int64_t P, int64_t Q)
      : down(ceil_div(P, kWinogradOut)),
        across(ceil_div(Q, kWinogradOut)),
        total(N * down * across) {}
};
struct TilePlace {
  int64_t image, row, column;  // of the first output
};
BRASA_INLINE TilePlace tile_place(const TileGrid& grid, int64_t tile) {
  const int64_t in_image = tile % (grid.down * grid.across);
  return {tile / (grid.down * grid.across), in_image / grid.across * kWinogradOut,
          in_image % grid.across * kWinogradOut};
}

struct ImageView {
  const float* data;
  int64_t H, W, C;
};

// Where the pixels of a Size x Size square begin; `zeros`, C floats, stands for those outside.
template <int Size>
BRASA_INLINE void find_pixels(const ImageView& x, int64_t image, int64_t row, int64_t column,
                              const float* zeros, const float* (&pixel)[Size * Size]) {
  for (int i = 0; i < Size; ++i) {
    const int64_t h = row + i;
    for (int j = 0; j < Size; ++j) {
      const int64_t w = column + j;
      const bool inside = h >= 0 && h < x.H && w >= 0 && w < x.W;
      pixel[i * Size + j] = inside ? x.data + ((image * x.H + h) * x.W + w) * x.C : zeros;
    }
  }
}

// Frequencies lie so many floats apart that they do not share their places in the caches.
BRASA_INLINE int64_t frequency_step(int64_t floats) { return round_up(floats, 1024) + 16; }

// One vector's place at every frequency, in a buffer that other threads read.
BRASA_INLINE void claim_frequencies(const float* p, int64_t step) {
  for (int f = 0; f < kFrequencies; ++f) claim(p + f * step);
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
