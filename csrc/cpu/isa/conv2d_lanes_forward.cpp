#include "cpu/isa/conv2d_lanes_groups.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {

void conv2d_lanes_forward(const Exec& exec, const Conv2dLanesShape& s, const float* x,
                          const float* w, const float* b, float* y, int32_t* argmax) {
  Conv2dLanesShape forward = s;
  forward.write = Write::kSet;  // only gradients are added into
  const int64_t group = s.C * s.H * s.W * Vec::width;
  float* frames = reinterpret_cast<float*>(exec.scratch);
  convolve_groups(exec, forward, w, b, y, argmax,
                  [&](const LaneFrame& frame, int64_t g) BRASA_INLINE_LAMBDA {
                    float* buffer = frames + exec.thread * frame.floats();
                    return read_lane_frame(frame, x + g * group, buffer);
                  });
}

int64_t conv2d_lanes_forward_workspace(const Conv2dLanesShape& s, int threads) {
  return frame_bytes(s, threads, false);
}

}  // namespace brasa::cpu::BRASA_ISA
