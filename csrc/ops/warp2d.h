// Computes  y[n, p, q, c] = x~[n, h, w, c], a place between pixels: an image brought to the size (P, Q), then
//           turned and scaled about its middle,
//             u = (p - (P - 1) / 2) (H / P) height      h = (H - 1) / 2 + cos(a) u + sin(a) v
//             v = (q - (Q - 1) / 2) (W / Q) width       w = (W - 1) / 2 - sin(a) u + cos(a) v
//             a = 2 pi angle
//           Each image draws its angle = low + (high - low) word[0] / 2^32, its height likewise with word[1] and
//           its width with word[2] (one_zoom: width = height); word = philox(seed, n, (step << 32) + node).
//           bilinear: with h = l + f and w = m + g, l and m whole, 0 <= f, g < 1
//             x~[h, w] = (1-f)(1-g) x~[l, m] + (1-f) g x~[l, m+1] + f (1-g) x~[l+1, m] + f g x~[l+1, m+1]
//           nearest: x~[h, w] = x~[floor(h + 1/2), floor(w + 1/2)]
//           warp2d_backward: dx[n, h, w, c] = sum of dy[n, p, q, c] times the weight that x[n, h, w] has there.
// Layout    x, dx (N,H,W,C); y, dy (N,P,Q,C). state: 2 int64, seed and step; null where nothing is drawn.
// Writes    y and dx are overwritten.
// Edges     x~ goes on beyond x as ops/fill.h says. A pixel of weight 0 is not read: NaN and Inf stay where they
//           are, and moves by whole pixels change no number but those below the normal range.
// Order     Transforms depend on (seed, step, node, n) alone: not on device, threads or size of the batch. A sum
//           takes (p, q) in order, row by row.
// Accuracy  Places are rounded to 2^-24 of a pixel, and half a pixel of them is a tie that goes to the pixel
//           behind: rounding errors of a, u and v, which devices may make in different ways, are far smaller.
// Assumes   y and x, dx and dy do not overlap. H, W >= 1 unless fill is kConstant; all extents <= 2^24.
//           height, width > 0.
#pragma once

#include "core/random.h"
#include "ops/fill.h"

namespace brasa {

struct Bounds {
  double low, high;
};

struct Warp2dShape {
  int64_t N, H, W, C, P, Q;
  Bounds angle;  // in turns
  Bounds height, width;
  bool one_zoom, nearest;
  Fill fill;
  float fill_value;
  uint32_t node;  // which random op of the model this is
};

// Where the pixel (p, q) of one sample comes from: (h, w) = (a p + b q + c, d p + e q + f).
struct Warp2d {
  double a, b, c, d, e, f;
};

// Four pixels of an image, h * W + w or -1 for the fill value. Those of weight 0 are not read; the first has one.
struct Warp2dPixels {
  int64_t at[4];
  float weight[4];
};

struct Direction {
  double cosine, sine;
};

constexpr int64_t kWarpTicks = int64_t{1} << 24;  // of a pixel; a float32 holds every share of them

BRASA_INLINE constexpr int64_t floor_of(double value) {
  const int64_t cut = static_cast<int64_t>(value);
  return cut - (static_cast<double>(cut) > value ? 1 : 0);
}

// Taylor's series within an eighth of a turn, nine terms: 2e-18. Quarters of a turn are exact. No libm: devices
// have others.
BRASA_INLINE constexpr Direction direction_of(double turns) {
  const int64_t quarters = floor_of(4 * turns + 0.5);
  const double a = (turns - 0.25 * static_cast<double>(quarters)) * 6.283185307179586477;
  double cosine = 1, sine = 1;
  for (int k = 16; k > 0; k -= 2) {
    cosine = 1 - a * a / (k * (k - 1)) * cosine;
    sine = 1 - a * a / (k * (k + 1)) * sine;
  }
  sine *= a;
  switch (((quarters % 4) + 4) % 4) {
    case 0: return {cosine, sine};
    case 1: return {-sine, cosine};
    case 2: return {-cosine, -sine};
    default: return {sine, -cosine};
  }
}

BRASA_INLINE constexpr double drawn_between(const Bounds& bounds, uint32_t word) {
  return bounds.low + (bounds.high - bounds.low) * (static_cast<double>(word) * 0x1p-32);
}

BRASA_INLINE constexpr Warp2d drawn_warp(const Warp2dShape& s, const int64_t* state, int64_t n) {
  Philox random = {};
  if (state != nullptr) {
    random = philox(static_cast<uint64_t>(state[0]), static_cast<uint64_t>(n),
                    (static_cast<uint64_t>(state[1]) << 32) + s.node);
  }
  const Direction to = direction_of(drawn_between(s.angle, random.word[0]));
  const double height = drawn_between(s.height, random.word[1]);
  const double width = s.one_zoom ? height : drawn_between(s.width, random.word[2]);
  const double u = height * static_cast<double>(s.H) / static_cast<double>(s.P);
  const double v = width * static_cast<double>(s.W) / static_cast<double>(s.Q);
  const double p = static_cast<double>(s.P - 1) / 2, q = static_cast<double>(s.Q - 1) / 2;
  const double a = to.cosine * u, b = to.sine * v, d = -to.sine * u, e = to.cosine * v;
  return {a, b, static_cast<double>(s.H - 1) / 2 - a * p - b * q,
          d, e, static_cast<double>(s.W - 1) / 2 - d * p - e * q};
}

// A place in ticks. Those beyond 2^28 pixels stop there, so that whole numbers hold them.
BRASA_INLINE constexpr int64_t warp_place(double at) {
  const double most = 0x1p28;
  const double kept = at < -most ? -most : at > most ? most : at;
  return floor_of(kept * static_cast<double>(kWarpTicks) + 0.5);
}

// What an axis contributes: the pixel at or before a place, and the share of the one behind it.
struct WarpAxis {
  int64_t first;
  float behind;
};

BRASA_INLINE constexpr WarpAxis warp_axis(bool nearest, double at) {
  const int64_t place = warp_place(at) + (nearest ? kWarpTicks / 2 : 0);
  const int64_t rest = place & (kWarpTicks - 1);
  return {(place - rest) / kWarpTicks, nearest ? 0.f : static_cast<float>(rest) * 0x1p-24f};
}

BRASA_INLINE constexpr WarpAxis warp_row(const Warp2dShape& s, const Warp2d& warp, int64_t p,
                                         int64_t q) {
  return warp_axis(s.nearest,
                   warp.a * static_cast<double>(p) + warp.b * static_cast<double>(q) + warp.c);
}

BRASA_INLINE constexpr WarpAxis warp_column(const Warp2dShape& s, const Warp2d& warp, int64_t p,
                                            int64_t q) {
  return warp_axis(s.nearest,
                   warp.d * static_cast<double>(p) + warp.e * static_cast<double>(q) + warp.f);
}

// The pixels at row h and column w.
BRASA_INLINE constexpr Warp2dPixels warp_pixels(const Warp2dShape& s, const WarpAxis& h,
                                                const WarpAxis& w) {
  Warp2dPixels pixels = {};
  for (int k = 0; k < 4; ++k) {
    const int64_t i = k / 2, j = k % 2;
    const int64_t y = folded(s.fill, h.first + i, s.H), x = folded(s.fill, w.first + j, s.W);
    pixels.at[k] = y < 0 || x < 0 ? -1 : y * s.W + x;
    pixels.weight[k] = (i == 0 ? 1 - h.behind : h.behind) * (j == 0 ? 1 - w.behind : w.behind);
  }
  return pixels;
}

BRASA_INLINE constexpr Warp2dPixels warp_pixels(const Warp2dShape& s, const Warp2d& warp, int64_t p,
                                                int64_t q) {
  return warp_pixels(s, warp_row(s, warp, p, q), warp_column(s, warp, p, q));
}

using Warp2dForward = void (*)(const Exec&, const Warp2dShape&, const int64_t* state,
                               const float* x, float* y);
using Warp2dBackward = void (*)(const Exec&, const Warp2dShape&, const int64_t* state,
                                const float* dy, float* dx);

}  // namespace brasa
