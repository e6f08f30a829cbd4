// Convolutions of few channels and filters. The tiles of product.cuh are mostly empty there: LeNet's first
// layer has 6 columns for the 32 of the small tile, and a depth of 25. Here a block takes a band of output
// rows of one image, brings what they read into shared memory once, and multiplies from there.
//
// This file divides the work and fills the shared memory; everything follows from the shape alone.
#pragma once

#include "cuda/conv2d_phases.cuh"
#include "cuda/flat.cuh"

namespace brasa::cuda {

// Kernels are compiled for two such blocks on a multiprocessor: 128 registers of a thread, of which they use up to
// 120. Without a word ptxas aims at three, and spills.
constexpr int kDirectThreads = 256;
// What every device grants without being asked, and what lets several blocks share a multiprocessor.
constexpr int64_t kMostDirectBytes = 48 * 1024;
// Two for each of 132 multiprocessors: one multiplies while another waits for its image.
constexpr int64_t kDirectBlocks = 2 * 132;

struct Bands {
  int rows;   // of outputs in a band; 0: no band fits
  int count;  // bands of an image
};

// So few rows that the bands of all images fill a device, but at least `wanted` where an image has them and shared
// memory holds them; never fewer than `least`. bytes(rows) is linear.
template <class Bytes>
Bands divide_rows(int64_t images, int64_t rows, int64_t least, int64_t wanted, const Bytes& bytes) {
  int64_t own = ceil_div(rows, ceil_div(kDirectBlocks, images < 1 ? 1 : images));
  if (own < wanted) own = wanted;
  if (own < least) own = least;
  if (own > rows) own = rows;
  const int64_t room = kMostDirectBytes - bytes(1), step = bytes(2) - bytes(1);
  const int64_t most = room < 0 ? 0 : room / step + 1;
  if (own > most) own = most;
  if (own == 0 || own < (least < rows ? least : rows)) return {0, 0};
  const int64_t count = ceil_div(rows, own);
  return {static_cast<int>(ceil_div(rows, count)), static_cast<int>(count)};
}

// How many filters a thread has, and how far apart its groups lie in shared memory. Four are one read of 16
// bytes; six, so that LeNet's first layer pays for no more; eight halve the reads of the image for each
// product, where there are so many outputs that half as many threads still fill a device.
struct Groups {
  int own, pitch, count;
  int padded() const { return pitch * count; }
};

inline Groups groups_of(int64_t filters, bool many_outputs) {
  if (filters == 5 || filters == 6) return {6, 8, 1};
  const int own = many_outputs && filters % 8 == 0 ? 8 : 4;
  return {own, own, static_cast<int>(ceil_div(filters, own))};
}

// Rows of an image in shared memory, with zeros where windows read beyond its edges. The last three members are
// steps in floats: the layout is what keeps a warp's reads in different banks.
struct Frame {
  int64_t rows, columns, channels;
  int64_t row, pixel, channel;
};

struct FrameInts {
  int rows, columns, channels, row, pixel, channel;
  FrameInts() = default;
  explicit FrameInts(const Frame& f)
      : rows(static_cast<int>(f.rows)),
        columns(static_cast<int>(f.columns)),
        channels(static_cast<int>(f.channels)),
        row(static_cast<int>(f.row)),
        pixel(static_cast<int>(f.pixel)),
        channel(static_cast<int>(f.channel)) {}
};

// The least x >= size with x % 32 == rest.
inline int64_t in_bank(int64_t size, int64_t rest) { return size + ((rest - size) % 32 + 32) % 32; }

// What a thread copies of rows x elements: neighbours have neighbouring elements, each the same ones in several
// rows, so that an element's place is found once. Where a row is short the block takes several at once.
struct Turns {
  int element, element_step, row, row_step;
};

__device__ __forceinline__ Turns turns_of(int elements) {
  const int threads = static_cast<int>(blockDim.x), thread = static_cast<int>(threadIdx.x);
  if (elements >= threads) return {thread, threads, 0, 1};
  const int rows = threads / elements, row = thread / elements;
  return {row < rows ? thread - row * elements : elements, elements, row, rows};
}

// The image that a frame shows, and its pixel in the frame's corner.
struct Image {
  const float* data;
  int H, W, C, first_h, first_w;
};

// V channels at a time: 4 where the frame has them side by side and at multiples of 16 bytes. Even one by one
// a warp reads 128 bytes in a row.
template <int V>
__device__ void fill_frame(const Shared<float>& to, const FrameInts& frame, const Image& from) {
  const int across = frame.channels / V, elements = frame.columns * across;
  const Turns turns = turns_of(elements);
  for (int e = turns.element; e < elements; e += turns.element_step) {
    const int column = e / across, channel = (e - column * across) * V;
    const int w = from.first_w + column, at = column * frame.pixel + channel * frame.channel;
    const bool there = static_cast<unsigned>(w) < static_cast<unsigned>(from.W) && channel < from.C;
    for (int row = turns.row; row < frame.rows; row += turns.row_step) {
      const int h = from.first_h + row;
      const bool inside = there && static_cast<unsigned>(h) < static_cast<unsigned>(from.H);
      const float* source =
          inside ? from.data + (int64_t{h} * from.W + w) * from.C + channel : from.data;
      copy_async<4 * V>(to, at + row * frame.row, source, inside);
    }
  }
}

// Adjacent floats of shared memory, 16 bytes at a time. Six lie in a group of eight.
template <int Count>
__device__ __forceinline__ void read_group(const Shared<float>& from, int at, float (&v)[Count]) {
  BRASA_UNROLL
  for (int first = 0; first < Count; first += 4) {
    const float4 quad = from.load4(at + first);
    const float four[4] = {quad.x, quad.y, quad.z, quad.w};
    BRASA_UNROLL
    for (int l = 0; l < 4; ++l) {
      if (first + l < Count) v[first + l] = four[l];
    }
  }
}

// conv2d_direct.cu. Whether a convolution goes this way: all passes of a layer do, or none.
bool takes_direct(const Conv2dShape& s);
void direct_forward(const Exec&, const Conv2dShape&, const float* x, const float* w, const float* b,
                    float* y);
void direct_backward_data(const Exec&, const Conv2dShape&, const float* dy, const float* w,
                          float* dx);

// conv2d_direct_weight.cu
Bands direct_weight_bands(const Conv2dShape& s);
void direct_backward_weight(const Exec&, const Conv2dShape&, const float* dy, const float* x,
                            float* dw);
int64_t direct_backward_weight_workspace(const Conv2dShape& s);

}  // namespace brasa::cuda
