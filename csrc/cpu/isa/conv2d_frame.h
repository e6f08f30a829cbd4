// A convolution as a matrix product without a patch matrix. The input that output pixel (n, p, q) and
// tap (r, s, c) meet lies at
//   pixel offset  n * image_step + p * stride_h * row_step + q * stride_w * C      plus
//   tap offset    r * dilation_h * row_step + s * dilation_w * C + c
// and the tile takes exactly such sums of two offsets (gemm_kernel.h). All that has to be copied is
// the padding: a frame is the part of x that a block of pixels reads, with its zeros written out.
// Where no window leaves the image, the frame is x itself.
#pragma once

#include "cpu/isa/claim.h"
#include "cpu/isa/gemm.h"
#include "ops/conv2d.h"

namespace brasa::cpu::BRASA_ISA {

// A block's pixels: enough to use each panel of weights many times, few enough that what one block of
// the sum reads of them stays in the second-level cache. 128 to 512 measured within 3 %. Half of them
// where a pixel is read once: the next block is on its way into that cache meanwhile.
constexpr int64_t kBlockPixels = 256, kBlockPixelsOnce = kBlockPixels / 2;
// At most so much padded input (1 MiB), where single rows are not longer.
constexpr int64_t kFrameFloats = 256 * 1024;
// The panels of weights are fetched into the second-level cache before each use, unless they stay there
// anyhow, and what is fetched is the input of the next block. avx512: 768 KiB of the 2 MiB of Sapphire
// Rapids, where that was 1.02 to 1.25 times as fast; with 1 MiB of weights 0.97, with 4 MiB 0.93.
constexpr int64_t kStayingFloats = Vec::width == 16 ? 192 * 1024 : 0;

// Some rows of one image, or some whole images.
struct PixelBlock {
  int64_t image, images, row, rows;
};

struct Frames {
  int64_t group_c, group_k, taps;    // taps of one group: R * S * group_c
  int64_t block_images, block_rows;  // most of a block; block_rows == P if block_images > 1
  bool padded;
  int64_t width, row_step, image_step;  // of a frame; x's own where it is not padded
};

namespace {

BRASA_INLINE int64_t frame_rows(const Window2d& win, int64_t rows) {
  return (rows - 1) * win.stride_h + (win.R - 1) * win.dilation_h + 1;
}

// Whether y is the product of x and w as they lie.
BRASA_INLINE bool is_pointwise(const Conv2dShape& s) {
  const Window2d& win = s.window;
  return win.R == 1 && win.S == 1 && win.P == s.H && win.Q == s.W && win.pad_top == 0 &&
         win.pad_left == 0 && win.stride_h == 1 && win.stride_w == 1 && s.groups == 1;
}

// `once`: of a block where a pixel is read once.
BRASA_INLINE Frames make_frames(const Conv2dShape& s, int64_t once = kBlockPixelsOnce) {
  const Window2d& win = s.window;
  Frames f;
  f.group_c = s.C / s.groups;
  f.group_k = s.K / s.groups;
  f.taps = win.R * win.S * f.group_c;
  f.width = (win.Q - 1) * win.stride_w + (win.S - 1) * win.dilation_w + 1;
  f.padded = win.pad_top > 0 || win.pad_left > 0 || f.width > s.W || frame_rows(win, win.P) > s.H;
  // Rows of pixels at a power of two would share their places in the caches.
  f.row_step = !f.padded ? s.W * s.C : f.width * s.C + (f.width * s.C % 512 == 0 ? 16 : 0);
  const int64_t pixels = is_pointwise(s) ? once : kBlockPixels;
  const int64_t most_pixels = larger(1, pixels / larger(1, win.Q));
  const int64_t fitting = kFrameFloats / f.row_step - (win.R - 1) * win.dilation_h - 1;
  const int64_t rows = smaller(most_pixels, larger(0, fitting) / win.stride_h + 1);
  f.block_rows = larger(1, smaller(win.P, rows));
  f.image_step = f.padded ? frame_rows(win, f.block_rows) * f.row_step : s.H * f.row_step;
  f.block_images = 1;
  if (f.block_rows == win.P) {
    const int64_t images =
        smaller(kBlockPixels / larger(1, win.P * win.Q), kFrameFloats / larger(1, f.image_step));
    f.block_images = larger(1, smaller(s.N, images));
  }
  return f;
}

BRASA_INLINE int64_t frame_floats(const Frames& f) {
  return f.padded ? f.block_images * f.image_step : 0;
}
BRASA_INLINE int64_t block_pixels(const Frames& f, const Window2d& win) {
  return f.block_images * f.block_rows * win.Q;
}

// The block that starts at output row `begin` of all N * P and ends at `end` at the latest.
BRASA_INLINE PixelBlock block_at(const Frames& f, int64_t P, int64_t begin, int64_t end) {
  const int64_t image = begin / P, row = begin % P;
  const int64_t whole = row == 0 ? smaller(f.block_images, (end - begin) / P) : 0;
  if (whole > 1) return {image, whole, 0, P};
  return {image, 1, row, smaller(f.block_rows, smaller(P - row, end - begin))};
}

// Offsets of a block's pixels in its frame: those of a smaller block come first.
BRASA_INLINE void fill_pixels(const Frames& f, const Conv2dShape& s, int64_t* offset) {
  const Window2d& win = s.window;
  for (int64_t n = 0; n < f.block_images; ++n) {
    for (int64_t p = 0; p < f.block_rows; ++p) {
      int64_t at = n * f.image_step + p * win.stride_h * f.row_step;
      for (int64_t q = 0; q < win.Q; ++q, at += win.stride_w * s.C) *offset++ = at;
    }
  }
}

// Offsets of one group's taps, in the order of the rows of w.
BRASA_INLINE void fill_taps(const Frames& f, const Conv2dShape& s, int64_t* offset) {
  const Window2d& win = s.window;
  for (int64_t r = 0; r < win.R; ++r) {
    for (int64_t col = 0; col < win.S; ++col) {
      const int64_t at = r * win.dilation_h * f.row_step + col * win.dilation_w * s.C;
      for (int64_t c = 0; c < f.group_c; ++c) *offset++ = at + c;
    }
  }
}

BRASA_INLINE void copy_floats(int64_t count, const float* from, float* to) {
  memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}
BRASA_INLINE void clear_floats(int64_t count, float* to) {
  memset(to, 0, static_cast<size_t>(count) * sizeof(float));
}

// The frame of a block: in `buffer`, or x itself.
BRASA_INLINE const float* read_frame(const Frames& f, const Conv2dShape& s, const PixelBlock& block,
                                     const float* x, float* buffer) {
  const Window2d& win = s.window;
  const int64_t first_h = block.row * win.stride_h - win.pad_top;
  if (!f.padded) {
    const float* frame = x + (block.image * s.H + first_h) * f.row_step;
    fetch(frame, block.images > 1 ? block.images * f.image_step
                                  : frame_rows(win, block.rows) * f.row_step);
    return frame;
  }
  const int64_t left = smaller(win.pad_left, f.width);
  const int64_t body = larger(0, smaller(s.W, f.width - left)), right = f.width - left - body;
  const int64_t rows = frame_rows(win, block.rows);
  for (int64_t n = 0; n < block.images; ++n) {
    float* to = buffer + n * f.image_step;
    for (int64_t i = 0; i < rows; ++i, to += f.row_step) {
      const int64_t h = first_h + i;
      if (h < 0 || h >= s.H) {
        clear_floats(f.width * s.C, to);
        continue;
      }
      clear_floats(left * s.C, to);
      copy_floats(body * s.C, x + ((block.image + n) * s.H + h) * s.W * s.C, to + left * s.C);
      clear_floats(right * s.C, to + (left + body) * s.C);
    }
  }
  return buffer;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
