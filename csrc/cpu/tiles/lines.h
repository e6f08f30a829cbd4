// An operand of a product as lines of floats. A matrix that is stored along the sum has one line for each
// of its outer indices (the rows of a, the columns of b); one that is stored across it has one for each
// index of the sum. The patches of a convolution are lines too: nothing but a line at a time is copied.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

// Line i belongs to pixel (n, p, q) of a grid of images of P x Q, and holds `channels` floats for each tap
// (r, s): those of the source's pixel at
//   h = origin_h + p * step_h + r * tap_h,  w = origin_w + q * step_w + s * tap_w
// or zeros, where that lies outside its H x W.
struct Patches {
  int64_t P, Q, S, channels;
  int64_t origin_h, origin_w, step_h, step_w, tap_h, tap_w;
  int64_t H, W;
  int64_t image_step, row_step, column_step;  // of the source, in floats
};

struct Lines {
  const float* data;
  int64_t step;  // from line to line, where they are contiguous
  bool along;    // the sum
  const Patches* patches = nullptr;
};

namespace {

inline void copy_patch(const Lines& lines, int64_t index, Range part, float* to) {
  const Patches& g = *lines.patches;
  const int64_t row = index / g.Q, n = row / g.P;
  const int64_t h0 = g.origin_h + row % g.P * g.step_h, w0 = g.origin_w + index % g.Q * g.step_w;
  int64_t tap = part.begin / g.channels, c = part.begin % g.channels;
  int64_t r = tap / g.S, s = tap % g.S;
  // Taps that lie side by side in a row of the source are one run.
  const bool rows = g.tap_w == 1 && g.column_step == g.channels && w0 >= 0 && w0 + g.S <= g.W;
  for (int64_t left = part.end - part.begin; left > 0; c = 0) {
    const int64_t taps = rows ? g.S - s : 1, rest = taps * g.channels - c;
    const int64_t run = rest < left ? rest : left;
    const int64_t h = h0 + r * g.tap_h, w = w0 + s * g.tap_w;
    if (h < 0 || h >= g.H || w < 0 || w >= g.W) {
      for (int64_t i = 0; i < run; ++i) to[i] = 0;
    } else {
      const float* from = lines.data + n * g.image_step + h * g.row_step + w * g.column_step + c;
      for (int64_t i = 0; i < run; ++i) to[i] = from[i];
    }
    to += run, left -= run, s += taps;
    if (s == g.S) s = 0, ++r;
  }
}

// Part of a line: in place, or in `buffer`.
BRASA_INLINE const float* fetch(const Lines& lines, int64_t index, Range part, float* buffer) {
  if (lines.patches == nullptr) return lines.data + index * lines.step + part.begin;
  copy_patch(lines, index, part, buffer);
  return buffer;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
