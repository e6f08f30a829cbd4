// Operands in the lanes layout of a run's own table, between guards; results back in NHWC.
#pragma once

#include "harness.h"

namespace brasa::test {

inline int64_t lane_groups(const Run& run, int64_t N) {
  return (N + run.table.lanes - 1) / run.table.lanes;
}

inline Values to_lanes(const Run& run, LanesShape s, const Values& x) {
  s.L = run.table.lanes;
  const Input<float> in(x);
  const Guarded<float> out(lane_groups(run, s.N) * s.H * s.W * s.C * s.L);
  run(0, [&](const Exec& exec) { run.table.to_lanes(exec, s, in.data(), out.data()); });
  return out.values();
}

inline Values from_lanes(const Run& run, LanesShape s, const Values& x) {
  s.L = run.table.lanes;
  const Input<float> in(x);
  const Guarded<float> out(s.N * s.H * s.W * s.C);
  run(0, [&](const Exec& exec) { run.table.from_lanes(exec, s, in.data(), out.data()); });
  return out.values();
}

}  // namespace brasa::test
