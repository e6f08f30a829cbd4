// A vector of x as the filters meet it: each lane reads a channel of its own group.
#pragma once

#include "cpu/isa/conv2d_narrow.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Pixels by their places in a table, and the channels of a piece of them, gathered.
struct Pixels {
  const float* const* pixel;
  const float* x;
  Piece piece;

  BRASA_INLINE Pixels from(int64_t first) const {
    return {pixel + first, x + first * Vec::width, piece};
  }
};

// Side by side: where they lie in x, at steps of many channels, they would share a few sets of the first cache. (512
// channels of 14 x 14 in 32 groups, read in place: 119 GF/s.)
BRASA_INLINE void gather(const float* const* pixel, int64_t count, Piece piece, float* to) {
  for (int64_t i = 0; i < count; ++i, to += Vec::width) load(pixel[i], piece).store(to);
}

// Groups of one channel: nothing is gained by gathering them.
struct OwnChannel {
  static constexpr bool kDepthwise = true, kFills = false;
  Pixels pixels;

  BRASA_INLINE Vec operator()(int64_t i) const { return load(pixels.pixel[i], pixels.piece); }
  // f(reader, channel of its group) for all of them.
  template <class F>
  BRASA_INLINE static void each(const Pixels& pixels, int64_t, F f) {
    f(OwnChannel{pixels}, 0);
  }
};

// Several groups in a vector.
struct ChannelOfEach {
  static constexpr bool kDepthwise = false, kFills = false;
  const float* x;
  VecInt from;

  BRASA_INLINE Vec operator()(int64_t i) const { return pick(Vec::load(x + i * Vec::width), from); }
  template <class F>
  BRASA_INLINE static void each(const Pixels& pixels, int64_t width, F f) {
    VecInt from = VecInt::lane_index() & VecInt::all(-static_cast<int32_t>(width));
    for (int64_t j = 0; j < width; ++j, from = from + VecInt::all(1)) {
      f(ChannelOfEach{pixels.x, from}, j);
    }
  }
};

// A group fills the vector.
struct ChannelForAll {
  static constexpr bool kDepthwise = false, kFills = true;
  const float* x;

  BRASA_INLINE Vec operator()(int64_t i) const { return Vec::all(x[i * Vec::width]); }
  template <class F>
  BRASA_INLINE static void each(const Pixels& pixels, int64_t width, F f) {
    for (int64_t j = 0; j < width; ++j) f(ChannelForAll{pixels.x + j}, j);
  }
};

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
