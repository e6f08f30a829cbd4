// For each row r of the filter, dx (pixels, stride_w * C apart) += dy (pixels x K) @ w[r]^T: the
// result goes straight to its place in dx, so strides and dilation cost nothing and no product with
// an inserted zero is ever computed. Where windows overlap the sums run over r, s and blocks of k in
// order, whatever the blocks of dx are.
#include "cpu/isa/conv2d_frame.h"
#include "cpu/isa/conv2d_narrow.h"
#include "cpu/isa/conv2d_turned.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The target of a block: rows of dx with room for the padding on both sides, or dx itself where every
// window stays inside.
struct Target {
  int64_t group_c, group_k;
  int64_t segments, columns;  // columns of one product: one tap, or all S taps of a row
  bool framed;
  int64_t width, row_step;
  int64_t block_images, block_rows;  // of dx
  bool covered_once;                 // every element of dx gets one product: nothing to clear

  BRASA_INLINE explicit Target(const Conv2dShape& s) {
    const Window2d& win = s.window;
    group_c = s.C / s.groups;
    group_k = s.K / s.groups;
    // Few channels: a row of the window is contiguous in dx, and fills the panel better.
    const bool merged = s.groups == 1 && win.dilation_w == 1 && s.C < kPanel;
    segments = merged ? 1 : win.S;
    columns = merged ? win.S * s.C : group_c;
    const int64_t reach = (win.Q - 1) * win.stride_w + (win.S - 1) * win.dilation_w + 1;
    width = larger(win.pad_left + s.W, reach);
    framed = width > s.W;
    row_step = width * s.C;
    const int64_t rows =
        smaller(kBlockPixels * win.stride_w / larger(1, width), kFrameFloats / larger(1, row_step));
    block_rows = larger(1, smaller(s.H, rows));
    block_images = 1;
    if (block_rows == s.H) block_images = larger(1, smaller(s.N, rows / s.H));
    covered_once = win.R * win.S == 1 && win.stride_h * win.stride_w == 1 && !framed &&
                   win.pad_top == 0 && win.P == s.H && win.Q == s.W;
  }
  BRASA_INLINE int64_t matrices(const Conv2dShape& s) const {
    return s.groups * s.window.R * segments;
  }
  BRASA_INLINE int64_t matrix_floats() const { return packed_size(group_k, columns); }
};

struct Scratch {
  int64_t packed, frame, pixels;

  BRASA_INLINE Scratch(const Target& t, const Conv2dShape& s)
      : packed(t.matrices(s) * t.matrix_floats()),
        frame(t.framed ? t.block_images * t.block_rows * t.row_step : 0),
        pixels(t.block_images * smaller(s.window.P, t.block_rows / s.window.stride_h + 1) *
               s.window.Q) {}
  BRASA_INLINE int64_t shared_bytes() const { return round_up(packed * 4, 64); }
  BRASA_INLINE int64_t thread_bytes() const {
    return round_up(frame * 4 + (2 * pixels + smaller(kBlockSum, 1 << 20)) * 8, 64);
  }
};

// w[r, s] transposed: group_k x columns.
void pack_weights(const Exec& exec, const Target& t, const Conv2dShape& s, const float* w,
                  float* packed) {
  const int64_t units = pack_units(t.group_k, t.columns), per_group = s.window.R * t.segments;
  const Range mine = exec.share(s.groups * per_group * units);
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    const int64_t matrix = i / units, g = matrix / per_group, tap = matrix % per_group;
    pack_unit(t.group_k, t.columns, {w + tap * t.columns * s.K + g * t.group_k, s.K, true},
              i % units, packed + matrix * t.matrix_floats());
  }
}

// Offsets of the pixels of `rows` rows of dy, in dy and in the target. Down the columns of the image
// where windows overlap in a panel: no two rows of a tile may touch the same floats, else each would
// wait for the last one's stores.
void fill_pixels_of_dy(const Target& t, const Conv2dShape& s, int64_t images, int64_t rows,
                       int64_t image_step, int64_t* from, int64_t* to) {
  const Window2d& win = s.window;
  const bool down = t.columns > win.stride_w * s.C;
  const int64_t outer = down ? win.Q : rows, inner = down ? rows : win.Q;
  for (int64_t n = 0; n < images; ++n) {
    for (int64_t i = 0; i < outer; ++i) {
      for (int64_t j = 0; j < inner; ++j) {
        const int64_t p = down ? j : i, q = down ? i : j;
        *from++ = ((n * win.P + p) * win.Q + q) * s.K;
        *to++ = n * image_step + p * win.stride_h * t.row_step + q * win.stride_w * s.C;
      }
    }
  }
}

void store_frame(const Target& t, const Conv2dShape& s, const PixelBlock& block, const float* frame,
                 float* dx) {
  const int64_t length = s.W * s.C;
  for (int64_t i = 0; i < block.images * block.rows; ++i) {
    const float* from = frame + i * t.row_step + s.window.pad_left * s.C;
    float* to = dx + ((block.image * s.H) + block.row + i) * length;
    if (s.write == Write::kSet) {
      copy_floats(length, from, to);
    } else {
      each_piece(0, length, [&](Piece piece) BRASA_INLINE_LAMBDA {
        store(load(to, piece) + load(from, piece), to, piece);
      });
    }
  }
}

// The floats of dy that the block after this one reads and this one does not.
struct Ahead {
  const float* dy;
  int64_t floats;

  BRASA_INLINE Ahead(const Conv2dShape& s, const PixelBlock& block, const float* all) {
    const Window2d& win = s.window;
    const int64_t end = ceil_div(block.row + block.rows + win.pad_top, win.stride_h);
    const int64_t rows = block.images > 1 ? block.images * win.P : block.rows / win.stride_h;
    dy = all + ((block.image + block.images - 1) * win.P + smaller(end, win.P)) * win.Q * s.K;
    floats = rows * win.Q * s.K;
  }
};

// All products of one block of dx.
void add_products(const Target& t, const Conv2dShape& s, const PixelBlock& block, const float* dy,
                  const float* packed, float* target, int64_t* from, int64_t* to,
                  const int64_t* along) {
  const Window2d& win = s.window;
  const int64_t image_step = (block.images > 1 ? s.H : block.rows) * t.row_step;
  const int64_t blocks = sum_blocks(t.group_k);
  const bool fetches = s.groups == 1 && t.matrices(s) * t.matrix_floats() <= kStayingFloats;
  const Ahead ahead(s, block, dy);
  int64_t filled = -1;
  for (int64_t r = 0; r < win.R; ++r) {
    // Output rows p whose tap r falls into the block.
    const int64_t shift = r * win.dilation_h - win.pad_top - block.row;
    const int64_t first = larger(0, ceil_div(larger(0, -shift), win.stride_h));
    const int64_t end = smaller(win.P, ceil_div(larger(0, block.rows - shift), win.stride_h));
    if (first >= end) continue;
    if (filled != end - first) {
      filled = end - first;
      fill_pixels_of_dy(t, s, block.images, filled, image_step, from, to);
    }
    GemmBlock gemm = {};
    gemm.rows = block.images * filled * win.Q;
    gemm.columns = t.columns;
    gemm.overlaps = t.columns > t.group_c;  // rows of windows, which pixels share
    gemm.a_row = from;
    gemm.a_column = along;
    gemm.c_row = to;
    gemm.activation = kNoActivation;
    for (int64_t i = 0; i < s.groups * t.segments; ++i) {
      const int64_t g = i / t.segments, tap = i % t.segments;
      const float* b = packed + (g * win.R * t.segments + r * t.segments + tap) * t.matrix_floats();
      gemm.c = target + (first * win.stride_h + shift) * t.row_step + tap * win.dilation_w * s.C +
               g * t.group_c;
      for (int64_t l = 0; l < blocks; ++l) {
        const Range sum = part_of(t.group_k, blocks, l);
        gemm.sum = sum.end - sum.begin;
        gemm.a = dy + (block.image * win.P + first) * win.Q * s.K + g * t.group_k + sum.begin;
        gemm.b = packed_block(b, t.columns, sum, 0);
        if (fetches) {
          const int64_t product = (r * t.segments + tap) * blocks + l;
          const Range some = part_of(ahead.floats, win.R * t.segments * blocks, product);
          gemm.next = ahead.dy + some.begin;
          gemm.next_floats = some.end - some.begin;
        }
        gemm.add = !t.covered_once || s.write == Write::kAdd || l > 0;
        multiply_block(gemm);
      }
    }
  }
}

}  // namespace

void conv2d_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                          float* dx) {
  if (takes_winograd(s, Pass::kBackwardData))
    return tiled_conv(exec, backward_tiles(s), dy, w, nullptr, dx);
  if (has_narrow_data(s)) return narrow_backward_data(exec, s, dy, w, dx);
  if (is_turned(s)) return convolve_turned(exec, s, dy, w, dx);
  const Target t(s);
  const Scratch sizes(t, s);
  float* packed = reinterpret_cast<float*>(exec.scratch);
  char* mine = exec.scratch + sizes.shared_bytes() + exec.thread * sizes.thread_bytes();
  int64_t* from = reinterpret_cast<int64_t*>(mine);
  int64_t* to = from + sizes.pixels;
  int64_t* along = to + sizes.pixels;
  float* frame = reinterpret_cast<float*>(along + kBlockSum);

  pack_weights(exec, t, s, w, packed);
  fill_offsets(kBlockSum, 1, along);
  exec.barrier();

  const Frames blocks = {0, 0, 0, t.block_images, t.block_rows, false, 0, 0, 0};
  const int64_t grain = t.block_images > 1 ? s.H : 1;
  for (const Range rows : exec.portions(s.N * s.H, t.block_images * t.block_rows, grain)) {
    for (int64_t row = rows.begin; row < rows.end;) {
      const PixelBlock block = block_at(blocks, s.H, row, rows.end);
      float* target = t.framed ? frame : dx + row * t.row_step;
      const int64_t length = block.images * block.rows * t.row_step;
      if (t.framed || (s.write == Write::kSet && !t.covered_once)) clear_floats(length, target);
      add_products(t, s, block, dy, packed, target, from, to, along);
      if (t.framed) store_frame(t, s, block, frame, dx);
      row += block.images * block.rows;
    }
  }
}

int64_t conv2d_backward_data_workspace(const Conv2dShape& s, int threads) {
  if (takes_winograd(s, Pass::kBackwardData))
    return tiled_conv_workspace(backward_tiles(s), threads);
  if (has_narrow_data(s)) return narrow_backward_data_workspace(s, threads);
  if (is_turned(s)) return turned_workspace(s, threads);
  const Scratch sizes(Target(s), s);
  return sizes.shared_bytes() + threads * sizes.thread_bytes();
}

}  // namespace brasa::cpu::BRASA_ISA
