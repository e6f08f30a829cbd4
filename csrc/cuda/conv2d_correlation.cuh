// The forward pass and the phases of the data gradient as one thing, and how its work is divided.
#pragma once

#include "cuda/conv2d_direct.cuh"

namespace brasa::cuda {

// y[p,q,k] = sum over (r,s,c) of image[p * stride_h + r * dilation_h - top, ..., c] * filter[r,s,c,k]
struct Correlation {
  int H, W, C, P, Q, K, R, S;
  int stride_h, stride_w, dilation_h, dilation_w, top, left;
  // Where the filter's (0, 0, 0, 0) is, and steps from there.
  int filter_first, filter_r, filter_s, filter_c, filter_k;
  // The same for the outputs.
  int64_t y_image;
  int64_t y_first, y_row, y_pixel;
};

inline Correlation forward_correlation(const ConvFrame& f) {
  return {f.H,
          f.W,
          f.C,
          f.P,
          f.Q,
          f.K,
          f.R,
          f.S,
          f.stride_h,
          f.stride_w,
          f.dilation_h,
          f.dilation_w,
          f.pad_top,
          f.pad_left,
          0,
          f.S * f.C * f.K,
          f.C * f.K,
          f.K,
          1,
          int64_t{f.P} * f.Q * f.K,
          0,
          int64_t{f.Q} * f.K,
          f.K};
}

// dy correlated with the taps of a phase, the last one first, gives its pixels. The first division is exact
// where the phase has taps.
inline Correlation phase_correlation(const ConvFrame& f, const Phase& phase) {
  const int tap = f.C * f.K, dilation_h = phase.step_r * f.dilation_h / f.stride_h;
  const int dilation_w = phase.step_s * f.dilation_w / f.stride_w;
  const int p = (phase.first_h + f.pad_top - phase.first_r * f.dilation_h) / f.stride_h;
  const int q = (phase.first_w + f.pad_left - phase.first_s * f.dilation_w) / f.stride_w;
  const int last_r = phase.first_r + (phase.taps_r - 1) * phase.step_r;
  const int last_s = phase.first_s + (phase.taps_s - 1) * phase.step_s;
  Correlation c{};
  c.H = f.P, c.W = f.Q, c.C = f.K;
  c.P = phase.rows, c.Q = phase.columns, c.K = f.C;
  c.R = phase.taps_r, c.S = phase.taps_s;
  if (c.R == 0 || c.S == 0) c.R = c.S = 0;
  c.stride_h = c.stride_w = 1;
  c.dilation_h = dilation_h, c.dilation_w = dilation_w;
  c.top = (phase.taps_r - 1) * dilation_h - p, c.left = (phase.taps_s - 1) * dilation_w - q;
  c.filter_first = (last_r * f.S + last_s) * tap;
  c.filter_r = -phase.step_r * f.S * tap, c.filter_s = -phase.step_s * tap;
  c.filter_c = 1, c.filter_k = f.K;
  c.y_image = int64_t{f.H} * f.W * f.C;
  c.y_first = (int64_t{phase.first_h} * f.W + phase.first_w) * f.C;
  c.y_row = int64_t{f.stride_h} * f.W * f.C, c.y_pixel = int64_t{f.stride_w} * f.C;
  return c;
}

// Channels apart, so that the neighbouring pixels of a warp are neighbours in memory; and so that 32 floats in a
// row of x, channel by channel, come to different banks.
inline Frame frame_of_band(const Correlation& c, int64_t rows) {
  if (c.R == 0) return {0, 1, c.C, 0, 1, 0};
  const int64_t high = (rows - 1) * c.stride_h + int64_t{c.R - 1} * c.dilation_h + 1;
  const int64_t wide = int64_t{c.Q - 1} * c.stride_w + int64_t{c.S - 1} * c.dilation_w + 1;
  return {high, wide, c.C, wide, 1, in_bank(high * wide, ceil_div(32, c.C) % 32)};
}

// Pixels of a thread. With four filters one product in five reads the shared memory; two pixels more would
// leave a 10 x 10 image three warps.
constexpr int kOwnPixels = 4;
// A block has so many threads at least, where a band of the whole image gives them.
constexpr int64_t kLeastThreads = 64;
// With eight filters for each thread, so many outputs still fill a device.
constexpr int64_t kManyOutputs = 132 * int64_t{kDirectThreads} * kOwnPixels * 8;

struct DirectPass {
  Correlation c;
  Groups groups;
  Bands bands;
  FrameInts frame;
  int filter_floats;
  bool flat_filters;  // lie in shared memory as they lie in w, at multiples of 16 bytes
};

inline DirectPass plan_pass(int64_t images, const Correlation& c) {
  DirectPass pass{};
  pass.c = c;
  pass.groups = groups_of(c.K, images * c.P * c.Q * c.K >= kManyOutputs);
  pass.filter_floats = c.R * c.S * c.C * pass.groups.padded();
  const auto bytes = [&](int64_t rows) {
    const Frame frame = frame_of_band(c, rows);
    // 31: as if every channel were moved by the most. Without taps only the rows grow.
    const int64_t of_channel = c.R == 0 ? rows : frame.rows * frame.row + 31;
    return (pass.filter_floats + frame.channels * of_channel) * int64_t{sizeof(float)};
  };
  const int64_t threads_of_row = int64_t{c.Q} * pass.groups.count;
  const int64_t filled = ceil_div(kLeastThreads * kOwnPixels, threads_of_row);
  pass.bands = divide_rows(images, c.P, c.R, filled, bytes);
  pass.frame = FrameInts(frame_of_band(c, pass.bands.rows));
  return pass;
}

}  // namespace brasa::cuda
