// How a kernel runs. A kernel is called by every thread of a team at once, each with its own Exec:
// it takes its share of the work and meets the others at barrier(). It never allocates.
#pragma once

#include <cstdint>

#include "core/macros.h"

namespace brasa {

struct OpTable;
struct Team;

// Waits until all `threads` members of the team have called it.
extern "C" void brasa_team_barrier(Team* team, int threads);

// For what a kernel finds out while it runs and must not throw: run_team() throws the first message of
// its team as a RuntimeError when all threads are done.
extern "C" void brasa_team_fault(Team* team, const char* message);

struct Range {
  int64_t begin, end;
};

struct Exec {
  const OpTable* table = nullptr;
  int thread = 0;
  int threads = 1;
  Team* team = nullptr;
  // Shared by the team, 64-byte aligned, as many bytes as the op's workspace function asked for.
  char* scratch = nullptr;
  // The CUDA stream that kernels are enqueued on; null on the CPU.
  void* stream = nullptr;

  BRASA_INLINE void barrier() const {
    if (threads > 1) brasa_team_barrier(team, threads);
  }

  // This thread's contiguous part of [0, count), cut at multiples of `grain` only. What one element
  // gets must not depend on where the cuts are: then the thread count never changes a bit.
  BRASA_INLINE Range share(int64_t count, int64_t grain = 1) const {
    const int64_t grains = (count + grain - 1) / grain;
    const int64_t first = grains * thread / threads;
    const int64_t last = grains * (thread + 1) / threads;
    const int64_t begin = first * grain, end = last * grain;
    return {begin < count ? begin : count, end < count ? end : count};
  }
};

// Whether a kernel overwrites its result or adds into it. The plan decides: the first writer of a
// gradient overwrites, so no buffer is ever cleared.
enum class Write : int { kSet, kAdd };

}  // namespace brasa
