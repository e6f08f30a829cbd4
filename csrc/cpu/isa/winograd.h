// A 3x3 convolution at unit stride by Winograd's F(4x4, 3x3) (winograd_transform.h): the output is cut
// into tiles of 4x4, each of which reads 6x6 pixels. The 36 elements of a transformed tile, the
// "frequencies", are 36 matrix products over the channels (or, for the weight gradient, over tiles).
// With dilation d, outputs d apart read pixels d apart: d*d convolutions without dilation, each of every
// d-th row and column. So a tile's pixels lie d apart.
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
  int64_t N, H, W, C, P, Q, K, pad_top, pad_left, dilation_h, dilation_w;
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
  return {s.N,
          s.H,
          s.W,
          s.C,
          win.P,
          win.Q,
          s.K,
          win.pad_top,
          win.pad_left,
          win.dilation_h,
          win.dilation_w,
          false,
          s.write,
          s.activation,
          s.packed};
}
BRASA_INLINE TiledConv backward_tiles(const Conv2dShape& s) {
  const Window2d& win = s.window;
  const int64_t pad_top = 2 * win.dilation_h - win.pad_top;
  const int64_t pad_left = 2 * win.dilation_w - win.pad_left;
  return {s.N,      win.P,          win.Q,          s.K,  s.H,     s.W,           s.C,  pad_top,
          pad_left, win.dilation_h, win.dilation_w, true, s.write, kNoActivation, false};
}

// Pixels, or outputs, that a tile takes: the first, and how far apart they lie.
struct TilePlace {
  int64_t image, row, column, row_step, column_step;

  // The pixels under these outputs.
  BRASA_INLINE TilePlace input(int64_t pad_top, int64_t pad_left) const {
    return {image, row - pad_top, column - pad_left, row_step, column_step};
  }
  // How many rows and columns of a tile of outputs exist.
  BRASA_INLINE int rows(int64_t P) const { return count(P - row, row_step); }
  BRASA_INLINE int columns(int64_t Q) const { return count(Q - column, column_step); }

 private:
  BRASA_INLINE static int count(int64_t left, int64_t step) {
    return static_cast<int>(smaller(kWinogradOut, ceil_div(larger(0, left), step)));
  }
};

// The tiles of a batch, numbered through all images. Those that begin at neighbouring pixels are
// neighbours: they share cache lines.
struct TileGrid {
  int64_t row_step, column_step, down, across, total;

  BRASA_INLINE TileGrid(int64_t N, int64_t P, int64_t Q, int64_t dilation_h, int64_t dilation_w)
      : row_step(dilation_h),
        column_step(dilation_w),
        down(dilation_h * ceil_div(ceil_div(P, dilation_h), kWinogradOut)),
        across(dilation_w * ceil_div(ceil_div(Q, dilation_w), kWinogradOut)),
        total(N * down * across) {}

  BRASA_INLINE TilePlace outputs(int64_t tile) const {
    const int64_t in_image = tile % (down * across);
    return {tile / (down * across), first(in_image / across, row_step),
            first(in_image % across, column_step), row_step, column_step};
  }

 private:
  BRASA_INLINE static int64_t first(int64_t i, int64_t step) {
    return i % step + i / step * step * kWinogradOut;
  }
};

BRASA_INLINE TileGrid grid_of(const TiledConv& t) {
  return TileGrid(t.N, t.P, t.Q, t.dilation_h, t.dilation_w);
}

struct ImageView {
  const float* data;
  int64_t H, W, C;
};

// Where the pixels of a Size x Size square begin; `zeros`, C floats, stands for those outside.
template <int Size>
BRASA_INLINE void find_pixels(const ImageView& x, const TilePlace& place, const float* zeros,
                              const float* (&pixel)[Size * Size]) {
  for (int i = 0; i < Size; ++i) {
    const int64_t h = place.row + i * place.row_step;
    for (int j = 0; j < Size; ++j) {
      const int64_t w = place.column + j * place.column_step;
      const bool inside = h >= 0 && h < x.H && w >= 0 && w < x.W;
      pixel[i * Size + j] = inside ? x.data + ((place.image * x.H + h) * x.W + w) * x.C : zeros;
    }
  }
}

// Asks for what the next tile of the row reads and this one does not: 16 pixels, `beside` floats on. A tile
// walks along 36 pixels at once, more than the hardware follows, and would wait for memory at every line of
// them. With the outputs claimed in the same way, 64 channels at 56x56 take 0.77 of the time, their weight
// gradient 0.73, 128 at 28x28 0.88 and 0.87, and 256 at 14x14, from the last-level cache, 0.98 and 0.95
// (Zen 5, two cores). Exact addresses for the first tile of a row, too, gain 2 % more.
template <int Size>
BRASA_INLINE void fetch_next(const float* const (&pixel)[Size * Size], int64_t beside) {
  constexpr int kShared = Size - kWinogradOut;
  BRASA_UNROLL_ALL
  for (int i = kShared; i < Size; ++i) {
    BRASA_UNROLL_ALL
    for (int j = kShared; j < Size; ++j) __builtin_prefetch(pixel[i * Size + j] + beside);
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
