// How the weight gradient of conv2d_direct.cuh is divided among threads, blocks and the workspace.
#pragma once

#include "cuda/conv2d_direct.cuh"

namespace brasa::cuda {

struct WeightPass {
  ConvFrame f;
  Groups groups;
  Bands bands;
  FrameInts x, dy;
  int taps;         // of a thread, side by side
  int chunks;       // of a filter's row
  int items;        // what threads own: (chunk, r, c, group), the last one fastest
  int own_items;    // of a block; the grid's second extent has the others
  int splits;       // threads that share the rows of a band
  int dy_at;        // in shared memory, in floats
  int64_t units;    // bands of all images
  int64_t columns;  // of a block's row in the workspace: (tap, filter, item)
  int64_t parts;    // rows there

  int sums() const { return taps * groups.own; }
};

// Three or five taps, whichever computes fewer that do not exist.
inline int taps_of_thread(int S) { return ceil_div(S, 5) * 5 <= ceil_div(S, 3) * 3 ? 5 : 3; }

// Neighbouring threads read neighbouring channels, then the next row of the filter: a row of the frame begins C
// banks after the one before.
inline Frame frame_of_x(const WeightPass& pass, int64_t rows) {
  const ConvFrame& f = pass.f;
  const int64_t high = (rows - 1) * f.stride_h + int64_t{f.R - 1} * f.dilation_h + 1;
  const int64_t taps = int64_t{pass.chunks} * pass.taps;
  const int64_t wide = int64_t{f.Q - 1} * f.stride_w + (taps - 1) * f.dilation_w + 1;
  return {high, wide, f.C, in_bank(wide * f.C, f.C % 32), f.C, 1};
}

// Threads that share a band read different rows, 16 bytes each.
inline Frame frame_of_dy(const WeightPass& pass, int64_t rows) {
  const int64_t filters = pass.groups.pitch * pass.groups.count;
  return {rows, pass.f.Q, filters, in_bank(pass.f.Q * filters, 8), filters, 1};
}

inline int64_t floats_of_x(const Frame& x) { return ceil_div(x.rows * x.row, 4) * 4; }

inline WeightPass plan_weight(const Conv2dShape& s) {
  WeightPass pass{};
  pass.f = frame_of(s);
  pass.groups = groups_of(s.K, true);
  pass.taps = taps_of_thread(pass.f.S);
  pass.chunks = static_cast<int>(ceil_div(pass.f.S, pass.taps));
  pass.items = pass.chunks * pass.f.R * pass.f.C * pass.groups.count;
  pass.bands = divide_rows(s.N, s.window.P, s.window.R, 1, [&](int64_t rows) {
    const Frame x = frame_of_x(pass, rows), dy = frame_of_dy(pass, rows);
    return (x.rows * x.row + 3 + dy.rows * dy.row) * int64_t{sizeof(float)};
  });
  if (pass.bands.rows == 0) return pass;
  const int64_t shares = ceil_div(pass.items, kDirectThreads);
  pass.own_items = static_cast<int>(ceil_div(pass.items, shares));
  // As many rows for each.
  const int64_t rounds = ceil_div(pass.bands.rows, kDirectThreads / pass.own_items);
  pass.splits = static_cast<int>(ceil_div(pass.bands.rows, rounds));
  const Frame x = frame_of_x(pass, pass.bands.rows);
  pass.x = FrameInts(x), pass.dy = FrameInts(frame_of_dy(pass, pass.bands.rows));
  pass.dy_at = static_cast<int>(floats_of_x(x));
  pass.units = s.N * pass.bands.count;
  pass.columns = int64_t{pass.items} * pass.sums();
  pass.parts = pass.units < kDirectBlocks ? pass.units : kDirectBlocks;
  return pass;
}

}  // namespace brasa::cuda
