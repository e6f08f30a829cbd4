// The thread team: who is in it, its barrier, and what it leaves behind in the caller.
#include <sys/wait.h>
#include <unistd.h>
#include <cfenv>
#include <csignal>
#include <limits>

#include <atomic>
#include <vector>

#include "check.h"
#include "core/parallel.h"
#include "team.h"

namespace brasa::test {
namespace {

BRASA_TEST(team_runs_each_thread_once) {
  for (const int threads : {0, 1, 2, 3, 5, 1}) {
    const Case name(threads, " threads");
    const int wanted = threads < 1 ? 1 : threads;
    std::vector<int> seen(static_cast<size_t>(wanted), 0);
    std::atomic<int> size_sum{0};
    team(threads, [&](int thread, int size, Team*) {
      ++seen[static_cast<size_t>(thread)];
      size_sum += size;
    });
    for (const int count : seen) CHECK_EQ(count, 1);
    CHECK_EQ(size_sum.load(), wanted * wanted);
  }
}

BRASA_TEST(team_throws_the_first_fault_when_all_are_done) {
  for (const int threads : {1, 2, 3}) {
    std::atomic<int> done{0};
    const auto faulty = [&](int, int, Team* own) {
      brasa_team_fault(own, "the kernel met a fault");
      brasa_team_fault(own, "a later one");
      ++done;
    };
    CHECK_THROWS(ErrorKind::kRuntime, "the kernel met a fault", team(threads, faulty));
    CHECK_EQ(done.load(), threads);
  }
  team(2, [](int, int, Team*) {});  // the next team knows nothing of it
}

// Each thread posts the round, waits, and reads all the others: nobody may be ahead or behind.
BRASA_TEST(team_barrier_holds_under_stress) {
  constexpr int kRounds = 400;
  for (const int threads : {2, 3, 4}) {
    const Case name(threads, " threads");
    std::vector<int> posted(static_cast<size_t>(threads), -1);
    std::atomic<int> wrong{0};
    team(threads, [&](int thread, int size, Team* own) {
      const Exec exec{nullptr, thread, size, own, nullptr};
      for (int round = 0; round < kRounds; ++round) {
        posted[static_cast<size_t>(thread)] = round;
        exec.barrier();
        for (const int other : posted) wrong += other != round;
        exec.barrier();
      }
    });
    CHECK_EQ(wrong.load(), 0);
  }
}

// The probes go through memory, so that the processor computes them, not the compiler.
bool rounds_to_nearest() {
  volatile float one = 1, little = 0x1p-30f, sum = one + little;
  return sum == 1;
}
bool flushes_denormals() {
  volatile float smallest = std::numeric_limits<float>::min(), half = smallest / 2;
  return half == 0;
}

BRASA_TEST(team_sets_and_restores_the_float_state) {
  for (const int threads : {1, 2, 3}) {
    const Case name(threads, " threads");
    std::atomic<int> nearest{0}, flushing{0};
    std::fesetround(FE_UPWARD);
    team(threads, [&](int, int, Team*) {
      nearest += rounds_to_nearest();
      flushing += flushes_denormals();
    });
    const bool upward_again = !rounds_to_nearest(), denormals_again = !flushes_denormals();
    std::fesetround(FE_TONEAREST);
    CHECK_EQ(nearest.load(), threads);
#if defined(__x86_64__) || defined(__aarch64__)
    CHECK_EQ(flushing.load(), threads);
#endif
    CHECK(upward_again);
    CHECK(denormals_again);
  }
}

// Ten seconds for the child, then it hangs: the status, or -1.
int wait_for(pid_t child) {
  for (int tenths = 0; tenths < 100; ++tenths) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return status;
    usleep(100000);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return -1;
}

BRASA_TEST(team_works_in_a_forked_child) {
  std::atomic<int> before{0};
  team(3, [&](int, int, Team*) { ++before; });
  CHECK_EQ(before.load(), 3);
  const pid_t child = fork();
  if (child == 0) {
    std::atomic<int> inside{0};
    team(3, [&](int, int, Team*) { ++inside; });
    _exit(inside.load() == 3 ? 0 : 1);
  }
  CHECK_EQ(wait_for(child), 0);
  std::atomic<int> after{0};
  team(3, [&](int, int, Team*) { ++after; });
  CHECK_EQ(after.load(), 3);
}

BRASA_TEST(shares_tile_the_range_at_multiples_of_the_grain) {
  for (const int64_t count : {0, 1, 7, 8, 9, 64, 1000}) {
    for (const int64_t grain : {1, 8, 13, 2000}) {
      for (const int threads : {1, 2, 3, 16}) {
        const Case name("count ", count, " grain ", grain, " threads ", threads);
        int64_t next = 0;
        for (int thread = 0; thread < threads; ++thread) {
          const Range part = Exec{nullptr, thread, threads, nullptr, nullptr}.share(count, grain);
          CHECK_EQ(part.begin, next);
          CHECK(part.begin <= part.end);
          CHECK(part.end == count || part.end % grain == 0);
          next = part.end;
        }
        CHECK_EQ(next, count);
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test
