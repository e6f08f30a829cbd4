// y (pixels x K) = frame (pixels x taps) @ w (taps x K), per group.
#include "cpu/isa/conv2d_frame.h"
#include "cpu/isa/conv2d_narrow.h"
#include "cpu/isa/conv2d_pixels.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Scratch: the packed weights, shared; then for each thread its frame and offsets.
struct Scratch {
  int64_t packed, frame, pixels, taps;  // counts of floats and of offsets

  BRASA_INLINE Scratch(const Frames& f, const Conv2dShape& s)
      : packed(s.packed ? 0 : s.groups * packed_size(f.taps, f.group_k)),
        frame(frame_floats(f)),
        pixels(block_pixels(f, s.window)),
        taps(f.taps) {}
  BRASA_INLINE int64_t shared_bytes() const { return round_up(packed * 4, 64); }
  BRASA_INLINE int64_t thread_bytes() const {
    return round_up(frame * 4 + (2 * pixels + taps) * 8, 64);
  }
};

void pack_weights(const Exec& exec, const Frames& f, const Conv2dShape& s, const float* w,
                  float* packed) {
  const int64_t units = pack_units(f.taps, f.group_k);
  const Range mine = exec.share(s.groups * units);
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    const int64_t g = i / units;
    pack_unit(f.taps, f.group_k, {w + g * f.group_k, s.K, false}, i % units,
              packed + g * packed_size(f.taps, f.group_k));
  }
}

// One thread's buffers, and the weights.
struct Own {
  const float* packed;
  const int64_t *pixel, *y_row, *tap;
  float* frame;
};

// The floats of x that the block after this one reads and this one does not.
struct Ahead {
  const float* x;
  int64_t floats;

  BRASA_INLINE Ahead(const Conv2dShape& s, const PixelBlock& block, const float* all) {
    const Window2d& win = s.window;
    const int64_t end_h = block.row * win.stride_h - win.pad_top + frame_rows(win, block.rows);
    const int64_t rows = block.images > 1 ? block.images * s.H : block.rows * win.stride_h;
    x = all + ((block.image + block.images - 1) * s.H + smaller(end_h, s.H)) * s.W * s.C;
    floats = rows * s.W * s.C;
  }
};

// Rows of y, and the panels of filters of each group.
void multiply_rows(const Frames& f, const Conv2dShape& s, const Own& own, const Rectangle& part,
                   const float* x, const float* b, float* y) {
  const int64_t Q = s.window.Q, P = s.window.P, blocks = sum_blocks(f.taps);
  const int64_t first_k = part.columns.begin * kPanel;
  // A block of pixels then lies in one piece and is read once, from memory: the one after it is
  // fetched meanwhile. 256 -> 64 channels at 56 x 56: 1.28 times as fast (Zen 3, one core).
  const bool streams = is_pointwise(s) && blocks == 1;
  const bool fetches =
      f.padded && s.groups == 1 && packed_size(f.taps, f.group_k) <= kStayingFloats;
  GemmBlock gemm = {};
  gemm.columns = smaller(f.group_k, part.columns.end * kPanel) - first_k;
  gemm.dense = gemm.columns == s.K;
  gemm.a_row = own.pixel;
  gemm.c_row = own.y_row;
  for (int64_t row = part.rows.begin; row < part.rows.end;) {
    const PixelBlock block = block_at(f, P, row, part.rows.end);
    const float* frame = read_frame(f, s, block, x, own.frame);
    gemm.rows = block.images * block.rows * Q;
    const Ahead ahead(s, block, x);
    if (streams) {
      gemm.next_floats = gemm.rows * s.C;
      gemm.next = frame + gemm.next_floats;
    }
    for (int64_t g = 0; g < s.groups; ++g) {
      const int64_t k = g * f.group_k + first_k;
      const float* packed = own.packed + g * packed_size(f.taps, f.group_k);
      gemm.a = frame + g * f.group_c;
      gemm.c = y + row * Q * s.K + k;
      for (int64_t l = 0; l < blocks; ++l) {
        const Range sum = part_of(f.taps, blocks, l);
        const bool last = l == blocks - 1;
        gemm.sum = sum.end - sum.begin;
        gemm.a_column = own.tap + sum.begin;
        gemm.b = packed_block(packed, f.group_k, sum, first_k);
        gemm.add = l > 0;
        if (fetches) {
          const Range some = part_of(ahead.floats, blocks, l);
          gemm.next = ahead.x + some.begin;
          gemm.next_floats = some.end - some.begin;
        }
        gemm.bias = last && b != nullptr ? b + k : nullptr;
        gemm.activation = last ? s.activation : kNoActivation;
        multiply_block(gemm);
      }
    }
    row += block.images * block.rows;
  }
}

}  // namespace

void conv2d_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                    const float* b, float* y) {
  if (takes_winograd(s, Pass::kForward)) return tiled_conv(exec, forward_tiles(s), x, w, b, y);
  if (takes_pixels(s)) return convolve_pixels(exec, s, x, w, b, y);
  if (has_narrow_groups(s)) return narrow_forward(exec, s, x, w, b, y);
  const Frames f = make_frames(s);
  const Scratch sizes(f, s);
  const float* packed = s.packed ? w : reinterpret_cast<float*>(exec.scratch);
  char* mine = exec.scratch + sizes.shared_bytes() + exec.thread * sizes.thread_bytes();
  int64_t* pixel = reinterpret_cast<int64_t*>(mine);
  int64_t* y_row = pixel + sizes.pixels;
  int64_t* tap = y_row + sizes.pixels;
  float* buffer = reinterpret_cast<float*>(tap + sizes.taps);

  if (!s.packed) pack_weights(exec, f, s, w, reinterpret_cast<float*>(exec.scratch));
  fill_pixels(f, s, pixel);
  fill_offsets(sizes.pixels, s.K, y_row);
  fill_taps(f, s, tap);
  if (!s.packed) exec.barrier();

  const Own own = {packed, pixel, y_row, tap, buffer};
  const RowPieces pieces = {f.block_images * f.block_rows, f.block_images > 1 ? s.window.P : 1};
  each_rectangle(exec, s.N * s.window.P, ceil_div(f.group_k, kPanel), pieces,
                 [&](const Rectangle& part) { multiply_rows(f, s, own, part, x, b, y); });
}

void conv2d_pack(const Exec& exec, const Conv2dShape& s, const float* w, float* packed) {
  if (takes_winograd(s, Pass::kForward)) {
    transform_all_filters(exec, forward_tiles(s), w, packed);
  } else if (has_narrow_groups(s)) {
    narrow_pack(exec, s, w, packed);
  } else if (takes_pixels(s)) {
    const Range mine = exec.share(s.window.R * s.window.S * s.K, 1024);
    memcpy(packed + mine.begin, w + mine.begin,
           static_cast<size_t>(mine.end - mine.begin) * sizeof(float));
  } else {
    pack_weights(exec, make_frames(s), s, w, packed);
  }
}

int64_t conv2d_packed_floats(const Conv2dShape& s) {
  if (takes_winograd(s, Pass::kForward)) return transformed_floats(forward_tiles(s));
  if (has_narrow_groups(s)) return narrow_packed_floats(s);
  if (takes_pixels(s)) return s.window.R * s.window.S * s.K;
  const Frames f = make_frames(s);
  return s.groups * packed_size(f.taps, f.group_k);
}

int64_t conv2d_forward_workspace(const Conv2dShape& s, int threads) {
  if (takes_winograd(s, Pass::kForward)) return tiled_conv_workspace(forward_tiles(s), threads);
  if (takes_pixels(s)) return pixels_workspace(s, threads);
  if (has_narrow_groups(s)) return narrow_forward_workspace(s, threads);
  const Scratch sizes(make_frames(s), s);
  return sizes.shared_bytes() + threads * sizes.thread_bytes();
}

}  // namespace brasa::cpu::BRASA_ISA
