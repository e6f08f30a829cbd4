// Loops whose work the team shares while it runs: every element once, whoever takes it.
#include <unistd.h>

#include <atomic>
#include <vector>

#include "check.h"
#include "team.h"

namespace brasa::test {
namespace {

// body(exec) by a team.
template <class Body>
void share(int threads, const Body& body) {
  team(threads, [&](int thread, int size, Team* own) {
    body(Exec{nullptr, thread, size, own, nullptr, nullptr});
  });
}

using Counts = std::vector<std::atomic<int>>;

bool all_are(const Counts& counts, int wanted) {
  for (const std::atomic<int>& count : counts) {
    if (count.load() != wanted) return false;
  }
  return true;
}

BRASA_TEST(portions_cover_each_element_once) {
  for (const int threads : {1, 2, 3, 7}) {
    for (const int64_t count : {0, 1, 2, 5, 64, 1000}) {
      for (const int64_t grain : {1, 3, 64}) {
        for (const int64_t most : {1, 10, 5000}) {
          const Case name(threads, " threads, ", count, " by ", grain, ", at most ", most);
          Counts taken(static_cast<size_t>(count));
          std::atomic<int> uneven{0};
          share(threads, [&](const Exec& exec) {
            for (const Range mine : exec.portions(count, most, grain)) {
              uneven += mine.begin % grain != 0 || (mine.end % grain != 0 && mine.end != count);
              for (int64_t i = mine.begin; i < mine.end; ++i) ++taken[static_cast<size_t>(i)];
            }
          });
          CHECK(all_are(taken, 1));
          CHECK_EQ(uneven.load(), 0);
        }
      }
    }
  }
}

// No barrier between the loops: some threads are loops ahead of others, and each loop is another one.
BRASA_TEST(portions_of_many_loops_are_kept_apart) {
  constexpr int kLoops = 70000;
  for (const int threads : {2, 3, 5}) {
    const Case name(threads, " threads");
    Counts taken(23);
    share(threads, [&](const Exec& exec) {
      for (int loop = 0; loop < kLoops; ++loop) {
        for (const Range mine : exec.portions(1 + loop % 23)) {
          for (int64_t i = mine.begin; i < mine.end; ++i) ++taken[static_cast<size_t>(i)];
        }
      }
    });
    for (int i = 0; i < 23; ++i) {
      int wanted = 0;
      for (int loop = 0; loop < kLoops; ++loop) wanted += 1 + loop % 23 > i;
      CHECK_EQ(taken[static_cast<size_t>(i)].load(), wanted);
    }
  }
}

// A thread that does not come for a while: the others do its part, and it comes too late for it.
BRASA_TEST(portions_of_a_late_thread_are_taken_by_others) {
  for (const int late : {0, 1}) {
    std::atomic<int> done{0};
    int64_t by_late = 0;
    share(2, [&](const Exec& exec) {
      if (exec.threads < 2) return;
      if (exec.thread == late) {
        while (done.load() < 100) usleep(100);
      }
      for (const Range mine : exec.portions(100)) {
        done += static_cast<int>(mine.end - mine.begin);
        if (exec.thread == late) by_late += mine.end - mine.begin;
      }
    });
    CHECK_EQ(by_late, 0);
  }
}

// 2^40 elements are more than the team can count one by one.
BRASA_TEST(portions_of_very_long_loops_are_whole) {
  constexpr int64_t kCount = (int64_t{1} << 40) + 5;
  for (const int threads : {1, 2, 3}) {
    std::atomic<int64_t> sum{0};
    share(threads, [&](const Exec& exec) {
      for (const Range mine : exec.portions(kCount, 3)) sum += mine.end - mine.begin;
    });
    CHECK_EQ(sum.load(), kCount);
  }
}

}  // namespace
}  // namespace brasa::test
