// dw (taps x K) = frame^T (taps x pixels) @ dy (pixels x K), per group: the frame of conv2d_frame.h
// with the two offsets exchanged, and sums over pixels.
//
// The pixels are cut into blocks, and the blocks into chunks, by the shape alone. Each chunk sums its
// blocks in order into its own copy of dw; the copies are added in order at the end. A large dw has
// one chunk, and its taps are shared among the threads instead.
#include "cpu/isa/conv2d_frame.h"
#include "cpu/isa/conv2d_narrow.h"
#include "cpu/isa/conv2d_pixels_weight.h"
#include "cpu/isa/copies.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/winograd.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int64_t kMostChunks = 16;                   // of pixels, each with a copy of dw
constexpr int64_t kCopiesFloats = 1 << 20;            // of all copies of dw together
constexpr int64_t kChunkProducts = int64_t{1} << 20;  // a chunk below that is not worth its copy

// With fewer panels of filters, packing the taps costs more than their strides do (64 filters of 3x3,
// avx2: 75 against 81 % of the peak; 512 filters: 83 against 62 %).
constexpr int64_t kPackPanels = 8;

BRASA_INLINE bool packs_taps(const Conv2dShape& s) {
  return s.K / s.groups >= kPackPanels * kPanel;
}

// Pixels of a block where each is read once: those of the next are on their way into the second-level
// cache meanwhile. Packed ones are not, and a longer sum passes over dw less often: twice as many (avx512;
// 1024 -> 256 channels at 14 x 14, one core of Sapphire Rapids: 1.04 times as fast).
BRASA_INLINE int64_t pixels_once(const Conv2dShape& s) {
  return Vec::width == 16 && packs_taps(s) ? kBlockPixels : kBlockPixelsOnce;
}

struct Plan {
  Frames f;
  int64_t row_blocks, image_blocks;  // rows of an image or images, cut evenly
  int64_t chunks, dw_floats;
  bool in_place;  // rows of dy are panels already
  bool packs_a;

  BRASA_INLINE explicit Plan(const Conv2dShape& s) : f(make_frames(s, pixels_once(s))) {
    row_blocks = ceil_div(s.window.P, f.block_rows);
    image_blocks = ceil_div(s.N, f.block_images);
    dw_floats = f.taps * s.K;
    const int64_t products = s.N * s.window.P * s.window.Q * f.taps * f.group_k;
    chunks = smaller(kCopiesFloats / larger(1, dw_floats), products / kChunkProducts);
    chunks = larger(1, smaller(smaller(chunks, blocks()), kMostChunks));
    packs_a = packs_taps(s);
    in_place = s.groups == 1 && (s.K == kPanel || s.K == Vec::width);
  }
  BRASA_INLINE int64_t blocks() const { return row_blocks * image_blocks; }
  BRASA_INLINE PixelBlock block(const Conv2dShape& s, int64_t i) const {
    const Range images = part_of(s.N, image_blocks, i / row_blocks);
    const Range rows = part_of(s.window.P, row_blocks, i % row_blocks);
    return {images.begin, images.end - images.begin, rows.begin, rows.end - rows.begin};
  }
};

struct Scratch {
  int64_t copies, frame, packed_dy, packed_taps, pixels, taps;

  BRASA_INLINE Scratch(const Plan& plan, const Conv2dShape& s)
      : copies(plan.chunks > 1 ? plan.chunks * plan.dw_floats : 0),
        frame(frame_floats(plan.f)),
        packed_dy(plan.in_place ? 0 : kBlockSum * padded_columns(plan.f.group_k)),
        packed_taps(plan.packs_a ? kPackedA : 0),
        pixels(block_pixels(plan.f, s.window)),
        taps(plan.f.taps) {}
  BRASA_INLINE int64_t shared_bytes() const { return round_up(copies * 4, 64); }
  BRASA_INLINE int64_t thread_bytes() const {
    const int64_t offsets = pixels + 2 * taps + kBlockRows + kBlockSum;
    return round_up((frame + packed_dy + packed_taps) * 4 + offsets * 8, 64);
  }
};

// One thread's buffers.
struct Own {
  int64_t *pixel, *tap, *dw_row, *packed_row, *packed_column;
  float *packed_dy, *packed_taps, *frame;
};

// The same product, with the taps packed block by block.
void multiply_packed(const Own& own, Range taps, GemmBlock gemm) {
  const float* frame = gemm.a;
  const int64_t *pixel = gemm.a_column, fetched = gemm.next_floats;
  gemm.a = own.packed_taps;
  gemm.a_row = own.packed_row;
  gemm.a_column = own.packed_column;
  for (int64_t first = taps.begin; first < taps.end; first += kBlockRows) {
    gemm.rows = smaller(kBlockRows, taps.end - first);
    gemm.next_floats = fetched * gemm.rows / (taps.end - taps.begin);
    gemm.c_row = own.dw_row + first;
    pack_a(gemm.rows, gemm.sum, frame, own.tap + first, pixel, own.packed_taps);
    multiply_block(gemm);
    if (gemm.next != nullptr) gemm.next += gemm.next_floats;
  }
}

// dw (+)= one block of pixels, for one group and the taps in `taps`.
void add_block(const Plan& plan, const Conv2dShape& s, const Own& own, int64_t pixels, Range taps,
               const float* frame, const float* dy, bool add, float* dw) {
  const int64_t parts = sum_blocks(pixels), columns = plan.f.group_k;
  GemmBlock gemm = {};
  gemm.rows = taps.end - taps.begin;
  gemm.columns = columns;
  gemm.a = frame;
  gemm.a_row = own.tap + taps.begin;
  gemm.c = dw;
  gemm.c_row = own.dw_row + taps.begin;
  gemm.activation = kNoActivation;
  // What the next block reads first is fetched meanwhile. Of x, where each value is read once, from memory,
  // and across its rows, which no hardware foresees: 512 -> 128 channels at 28 x 28: 1.2 times as fast
  // (Zen 3, one core). Packing foresees that by itself: then of dy, as where x is read many times (Sapphire
  // Rapids, 256 -> 512 channels with stride 2: 1.2 times, 64 -> 256 at 56 x 56: 1.15, a first layer: 1.08).
  if (is_pointwise(s) && !plan.packs_a) {
    gemm.next_floats = pixels * s.C;
    gemm.next = frame + gemm.next_floats;
  } else if (s.groups == 1) {
    gemm.next_floats = pixels * s.K;
    gemm.next = dy + gemm.next_floats;
  }
  for (int64_t i = 0; i < parts; ++i) {
    const Range sum = part_of(pixels, parts, i);
    gemm.sum = sum.end - sum.begin;
    gemm.a_column = own.pixel + sum.begin;
    gemm.add = add || i > 0;
    gemm.b = dy + sum.begin * s.K;
    if (!plan.in_place) {
      for (int64_t k = 0; k < columns; k += kPanel) {
        pack_rows(gemm.sum, smaller(kPanel, columns - k), gemm.b + k, s.K,
                  own.packed_dy + k * gemm.sum);
      }
      gemm.b = own.packed_dy;
    }
    if (plan.packs_a) {
      multiply_packed(own, taps, gemm);
    } else {
      multiply_block(gemm);
    }
  }
}

// The taps in `taps` of one chunk.
void sum_chunk(const Plan& plan, const Conv2dShape& s, const Own& own, Range blocks, Range taps,
               const float* dy, const float* x, bool add, float* dw) {
  for (int64_t i = blocks.begin; i < blocks.end; ++i) {
    const PixelBlock block = plan.block(s, i);
    const float* frame = read_frame(plan.f, s, block, x, own.frame);
    const int64_t pixels = block.images * block.rows * s.window.Q;
    const int64_t first = (block.image * s.window.P + block.row) * s.window.Q;
    for (int64_t g = 0; g < s.groups; ++g) {
      const int64_t k = g * plan.f.group_k;
      add_block(plan, s, own, pixels, taps, frame + g * plan.f.group_c, dy + first * s.K + k,
                add || i > blocks.begin, dw + k);
    }
  }
}

// The parts of the taps of a chunk: enough pieces of work for cores that are not equally fast, but each part
// reads the pixels anew. (128 channels with dilation 2 on two cores of Sapphire Rapids: 7 chunks, the last of
// which kept one thread waiting; 14 pieces are 1.04 times as fast, 1024 -> 256 channels in 12 1.09 times.)
int64_t tap_parts(const Plan& plan, int threads) {
  constexpr int64_t kPieces = 6, kLeastTaps = 16 * kTileRows;
  const int64_t wanted = ceil_div(kPieces * threads, plan.chunks);
  return larger(ceil_div(threads, plan.chunks), smaller(wanted, plan.f.taps / kLeastTaps));
}

}  // namespace

void conv2d_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                            float* dw) {
  if (takes_winograd(s, Pass::kBackwardWeight)) return tiled_weight_gradient(exec, s, dy, x, dw);
  if (takes_pixels(s)) return sum_pixel_weights(exec, s, dy, x, dw);
  if (has_narrow_groups(s)) return narrow_backward_weight(exec, s, dy, x, dw);
  const Plan plan(s);
  const Scratch sizes(plan, s);
  if (s.N * sizes.pixels == 0) {
    const Range mine = exec.share(plan.dw_floats, 1024);
    if (s.write == Write::kSet) clear_floats(mine.end - mine.begin, dw + mine.begin);
    return;
  }
  float* copies = reinterpret_cast<float*>(exec.scratch);
  char* mine = exec.scratch + sizes.shared_bytes() + exec.thread * sizes.thread_bytes();
  Own own;
  own.pixel = reinterpret_cast<int64_t*>(mine);
  own.tap = own.pixel + sizes.pixels;
  own.dw_row = own.tap + sizes.taps;
  own.packed_row = own.dw_row + sizes.taps;
  own.packed_column = own.packed_row + kBlockRows;
  own.packed_dy = reinterpret_cast<float*>(own.packed_column + kBlockSum);
  own.packed_taps = own.packed_dy + sizes.packed_dy;
  own.frame = own.packed_taps + sizes.packed_taps;
  fill_packed_rows(kBlockRows, own.packed_row);
  fill_offsets(kBlockSum, kTileRows, own.packed_column);
  fill_pixels(plan.f, s, own.pixel);
  fill_taps(plan.f, s, own.tap);
  fill_offsets(plan.f.taps, s.K, own.dw_row);

  const int64_t parts = tap_parts(plan, exec.threads);
  const int64_t tiles = ceil_div(plan.f.taps, kTileRows);
  const bool one = plan.chunks == 1;
  for (const Range tasks : exec.portions(plan.chunks * parts)) {
    for (int64_t i = tasks.begin; i < tasks.end; ++i) {
      const int64_t chunk = i / parts;
      Range taps = part_of(tiles, parts, i % parts);
      taps = {taps.begin * kTileRows, smaller(plan.f.taps, taps.end * kTileRows)};
      sum_chunk(plan, s, own, part_of(plan.blocks(), plan.chunks, chunk), taps, dy, x,
                one && s.write == Write::kAdd, one ? dw : copies + chunk * plan.dw_floats);
    }
  }
  if (one) return;
  exec.barrier();
  add_copies(exec, plan.dw_floats, plan.chunks, s.write, copies, dw);
}

int64_t conv2d_backward_weight_workspace(const Conv2dShape& s, int threads) {
  if (takes_winograd(s, Pass::kBackwardWeight)) return tiled_weight_gradient_workspace(s, threads);
  if (takes_pixels(s)) return pixel_weights_workspace(s, threads);
  if (has_narrow_groups(s)) return narrow_backward_weight_workspace(s, threads);
  const Plan plan(s);
  const Scratch sizes(plan, s);
  return sizes.shared_bytes() + threads * sizes.thread_bytes();
}

}  // namespace brasa::cpu::BRASA_ISA
