// How a kernel runs. A kernel is called by every thread of a team at once, each with its own Exec:
// it takes its share of the work and meets the others at barrier(). It never allocates.
#pragma once

#include <cstdint>

#include "core/macros.h"

namespace brasa {

struct OpTable;
struct Team;

// Waits until all `threads` members of the team have called it.
extern "C" void brasa_team_barrier(Team* team, int thread, int threads);

// For what a kernel finds out while it runs and must not throw: run_team() throws the first message of
// its team as a RuntimeError when all threads are done.
extern "C" void brasa_team_fault(Team* team, const char* message);

struct Range {
  int64_t begin, end;
};

// The next pieces of [0, pieces) for this thread; none when all are taken. `first` opens the loop.
extern "C" Range brasa_team_portion(Team* team, int thread, int threads, int64_t pieces,
                                    bool first);

// What Exec::portions() walks over.
class Portions {
 public:
  struct End {};
  class Iterator {
   public:
    BRASA_INLINE explicit Iterator(const Portions& of) : of_(of), range_(of.next(true)) {}
    BRASA_INLINE Range operator*() const { return range_; }
    BRASA_INLINE void operator++() { range_ = of_.next(false); }
    BRASA_INLINE bool operator!=(End) const { return range_.begin < range_.end; }

   private:
    const Portions& of_;
    Range range_;
  };

  // Every thread's own part is of as many pieces as the others'.
  BRASA_INLINE Portions(Team* team, int thread, int threads, int64_t count, int64_t most,
                        int64_t grain)
      : team_(team), thread_(thread), threads_(threads), count_(count), grain_(grain) {
    constexpr int64_t kMostPieces = int64_t{1} << 19;  // the team counts with 20 bits
    grains_ = (count + grain - 1) / grain;
    const int64_t needed = (count + most - 1) / most;
    pieces_ = (needed + threads - 1) / threads * threads;
    if (pieces_ > grains_) pieces_ = grains_;
    if (pieces_ > kMostPieces) pieces_ = kMostPieces;
  }
  BRASA_INLINE Iterator begin() const { return Iterator(*this); }
  BRASA_INLINE End end() const { return {}; }

 private:
  BRASA_INLINE int64_t cut(int64_t piece) const {
    const int64_t at = pieces_ == 0 ? 0 : grains_ * piece / pieces_ * grain_;
    return at < count_ ? at : count_;
  }
  BRASA_INLINE Range next(bool first) const {
    if (threads_ == 1) return {0, first ? count_ : 0};
    if (pieces_ <= threads_) {
      // Nothing could be shared out anew, and the others' counters are lines of other cores.
      if (!first) return {0, 0};
      return {cut(pieces_ * thread_ / threads_), cut(pieces_ * (thread_ + 1) / threads_)};
    }
    const Range some = brasa_team_portion(team_, thread_, threads_, pieces_, first);
    return {cut(some.begin), cut(some.end)};
  }

  Team* team_;
  int thread_, threads_;
  int64_t count_, grain_, grains_, pieces_;
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
    if (threads > 1) brasa_team_barrier(team, thread, threads);
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

  // The same work, taken while it lasts, in pieces of at most `most`:
  //   for (const Range mine : exec.portions(count, most)) ...
  // Each thread starts on its own part, and who is done helps the others. A core that is slower, or busy
  // with other programs, then keeps nobody waiting. Who does what differs from run to run: nothing may
  // rely on it before the next barrier. All threads must come to the same loops in the same order.
  BRASA_INLINE Portions portions(int64_t count, int64_t most = 1, int64_t grain = 1) const {
    return {team, thread, threads, count, most, grain};
  }
};

// Whether a kernel overwrites its result or adds into it. The plan decides: the first writer of a
// gradient overwrites, so no buffer is ever cleared.
enum class Write : int { kSet, kAdd };

}  // namespace brasa
