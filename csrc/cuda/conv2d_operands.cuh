// Images and filters as operands of multiply_tiles(): implicit GEMM. No matrix of windows is ever
// written; each load finds its pixel, or that it lies in the padding.
#pragma once

#include "cuda/conv2d_phases.cuh"
#include "cuda/flat.cuh"

namespace brasa::cuda {

template <int V>
__device__ __forceinline__ void clear(float (&v)[V]) {
  BRASA_UNROLL
  for (int l = 0; l < V; ++l) v[l] = 0.f;
}

// Forward, left: line = (n, p, q), depth = (r, s, c).
struct ImageWindows {
  static constexpr bool kAlongDepth = true;
  const float* x;
  int64_t lines;
  ConvFrame f;

  struct Line {
    const float* image;  // null past the last
    int h, w;            // of the window's first pixel
  };

  __device__ ImageWindows of(int64_t group) const {
    ImageWindows moved = *this;
    moved.x += group * f.group_c;
    return moved;
  }
  __device__ Line line(int64_t i) const {
    if (i >= lines) return {nullptr, 0, 0};
    const int q = static_cast<int>(i % f.Q), p = static_cast<int>(i / f.Q % f.P);
    const int64_t n = i / f.Q / f.P;
    return {x + n * f.H * f.W * f.C, p * f.stride_h - f.pad_top, q * f.stride_w - f.pad_left};
  }
  template <int V>
  __device__ void load(const Line& line, int64_t depth, float (&v)[V]) const {
    const int k = static_cast<int>(depth), tap = k / f.group_c, c = k - tap * f.group_c;
    const int r = tap / f.S, s = tap - r * f.S;
    const int h = line.h + r * f.dilation_h, w = line.w + s * f.dilation_w;
    // One comparison for both ends: negative numbers become large.
    const bool inside = line.image != nullptr && r < f.R &&
                        static_cast<unsigned>(h) < static_cast<unsigned>(f.H) &&
                        static_cast<unsigned>(w) < static_cast<unsigned>(f.W);
    if (!inside) return clear(v);
    cuda::load(line.image + (int64_t{h} * f.W + w) * f.C + c, v);
  }
  bool fits_quads() const { return f.group_c % 4 == 0 && aligned16(x); }
};

// Weight gradient, left: line = (r, s, c), depth = (n, p, q).
struct ImageTaps {
  static constexpr bool kAlongDepth = false;
  const float* x;
  int64_t depth;
  ConvFrame f;

  struct Line {
    int h, w, c;  // c < 0 past the last
  };

  __device__ ImageTaps of(int64_t group) const {
    ImageTaps moved = *this;
    moved.x += group * f.group_c;
    return moved;
  }
  __device__ Line line(int64_t i) const {
    const int k = static_cast<int>(i), tap = k / f.group_c;
    const int r = tap / f.S, s = tap - r * f.S;
    if (r >= f.R) return {0, 0, -1};
    return {r * f.dilation_h - f.pad_top, s * f.dilation_w - f.pad_left, k - tap * f.group_c};
  }
  template <int V>
  __device__ void load(const Line& line, int64_t k, float (&v)[V]) const {
    const int64_t row = k / f.Q, n = row / f.P;
    const int q = static_cast<int>(k - row * f.Q), p = static_cast<int>(row - n * f.P);
    const int h = p * f.stride_h + line.h, w = q * f.stride_w + line.w;
    const bool inside = line.c >= 0 && k < depth &&
                        static_cast<unsigned>(h) < static_cast<unsigned>(f.H) &&
                        static_cast<unsigned>(w) < static_cast<unsigned>(f.W);
    if (!inside) return clear(v);
    cuda::load(x + ((n * f.H + h) * f.W + w) * f.C + line.c, v);
  }
  bool fits_quads() const { return f.group_c % 4 == 0 && aligned16(x); }
};

// Data gradient, left: line = (n, pixel of the phase), depth = (tap of the phase, k).
struct GradientWindows {
  static constexpr bool kAlongDepth = true;
  const float* dy;
  int64_t lines;
  ConvFrame f;
  Phase phase;

  struct Line {
    const float* image;
    int p, q;  // of the output that the first tap leads to
  };

  __device__ GradientWindows of(int64_t group) const {
    GradientWindows moved = *this;
    moved.dy += group * f.group_k;
    return moved;
  }
  // Exact divisions: the phase is made of the pixels and taps where they are.
  __device__ Line line(int64_t i) const {
    if (i >= lines) return {nullptr, 0, 0};
    const int column = static_cast<int>(i % phase.columns);
    const int row = static_cast<int>(i / phase.columns % phase.rows);
    const int64_t n = i / phase.columns / phase.rows;
    const int h = phase.first_h + row * f.stride_h, w = phase.first_w + column * f.stride_w;
    return {dy + n * f.P * f.Q * f.K, (h + f.pad_top - phase.first_r * f.dilation_h) / f.stride_h,
            (w + f.pad_left - phase.first_s * f.dilation_w) / f.stride_w};
  }
  template <int V>
  __device__ void load(const Line& line, int64_t depth, float (&v)[V]) const {
    const int at = static_cast<int>(depth), tap = at / f.group_k, k = at - tap * f.group_k;
    const int i = tap / phase.taps_s, j = tap - i * phase.taps_s;
    const int p = line.p - i * (phase.step_r * f.dilation_h / f.stride_h);
    const int q = line.q - j * (phase.step_s * f.dilation_w / f.stride_w);
    const bool inside = line.image != nullptr && i < phase.taps_r &&
                        static_cast<unsigned>(p) < static_cast<unsigned>(f.P) &&
                        static_cast<unsigned>(q) < static_cast<unsigned>(f.Q);
    if (!inside) return clear(v);
    cuda::load(line.image + (int64_t{p} * f.Q + q) * f.K + k, v);
  }
  bool fits_quads() const { return f.group_k % 4 == 0 && aligned16(dy); }
};

// Data gradient, right: line = c, depth = (tap of the phase, k).
struct FilterColumns {
  static constexpr bool kAlongDepth = true;
  const float* w;
  ConvFrame f;
  Phase phase;

  struct Line {
    const float* at;
  };

  __device__ FilterColumns of(int64_t group) const {
    FilterColumns moved = *this;
    moved.w += group * f.group_k;
    return moved;
  }
  __device__ Line line(int64_t c) const { return {c < f.group_c ? w + c * f.K : nullptr}; }
  template <int V>
  __device__ void load(const Line& line, int64_t depth, float (&v)[V]) const {
    const int at = static_cast<int>(depth), tap = at / f.group_k, k = at - tap * f.group_k;
    const int i = tap / phase.taps_s, j = tap - i * phase.taps_s;
    if (line.at == nullptr || i >= phase.taps_r) return clear(v);
    const int64_t r = phase.first_r + i * phase.step_r, s = phase.first_s + j * phase.step_s;
    cuda::load(line.at + (r * f.S + s) * f.group_c * f.K + k, v);
  }
  bool fits_quads() const { return f.group_k % 4 == 0 && aligned16(w); }
};

// The pixels of a phase in dx.
struct PhaseRows {
  int64_t image, row, stride_h, stride_w;  // in floats
  int64_t first;
  int rows, columns;
  __device__ int64_t offset(int64_t i) const {
    const int64_t column = i % columns, of_image = i / columns % rows, n = i / columns / rows;
    return first + n * image + of_image * stride_h * row + column * stride_w;
  }
};

}  // namespace brasa::cuda
