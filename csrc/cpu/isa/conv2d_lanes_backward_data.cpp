// The forward tile on dy, with the filters turned by half and their two channel axes exchanged.
#include "cpu/isa/conv2d_lanes_groups.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The convolution that takes dy to dx.
Conv2dLanesShape turned(const Conv2dLanesShape& s) {
  const Window2d& win = s.window;
  Conv2dLanesShape t = s;
  t.H = win.P, t.W = win.Q, t.C = s.K, t.K = s.C;
  t.pool = false;
  t.window.pad_top = win.R - 1 - win.pad_top, t.window.pad_left = win.S - 1 - win.pad_left;
  t.window.P = s.H, t.window.Q = s.W;
  return t;
}

int64_t turned_floats(const Conv2dLanesShape& s) {
  return round_up(s.window.R * s.window.S * s.C * s.K, 16);
}

}  // namespace

void conv2d_lanes_backward_data(const Exec& exec, const Conv2dLanesShape& s, const LanesSlope& dy,
                                const float* w, float* dx) {
  float* flipped = reinterpret_cast<float*>(exec.scratch);  // [R][S][K][C]
  const int64_t taps = s.window.R * s.window.S;
  const Range mine = exec.share(taps);
  for (int64_t tap = mine.begin; tap < mine.end; ++tap) {
    const float* from = w + (taps - 1 - tap) * s.C * s.K;
    float* to = flipped + tap * s.C * s.K;
    for (int64_t k = 0; k < s.K; ++k) {
      for (int64_t c = 0; c < s.C; ++c) to[k * s.C + c] = from[c * s.K + k];
    }
  }
  exec.barrier();
  float* frames = flipped + turned_floats(s);
  convolve_groups(exec, turned(s), flipped, nullptr, dx, nullptr,
                  [&](const LaneFrame& frame, int64_t g) BRASA_INLINE_LAMBDA {
                    float* buffer = frames + exec.thread * frame.floats(s.pool);
                    return read_slope_frame(frame, s, dy, g, {0, s.K}, {0, s.window.P}, buffer);
                  });
}

int64_t conv2d_lanes_backward_data_workspace(const Conv2dLanesShape& s, int threads) {
  return turned_floats(s) * 4 + frame_bytes(turned(s), threads, s.pool);
}

}  // namespace brasa::cpu::BRASA_ISA
