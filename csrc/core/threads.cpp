#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>
#if defined(__linux__)
#include <sched.h>
#endif

#include "core/error.h"
#include "core/parallel.h"

namespace brasa {
namespace {

// More are taken for a slip.
constexpr int kMaxThreads = 1024;

std::atomic<int> chosen{0};  // by set_thread_count(); 0: none

int affinity_threads() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

// Containers limit CPU time, not the affinity mask: more threads than the quota are throttled.
int cgroup_threads() {
  double quota = 0, period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) {
  } else {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? static_cast<int>(std::ceil(quota / period)) : kMaxThreads;
}

// The value of a variable if it is a whole number of at least 1 (OMP_NUM_THREADS may be a list: its
// first entry counts), else 0.
int from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  const long value = std::strtol(text, nullptr, 10);
  return value >= 1 && value <= kMaxThreads ? static_cast<int>(value) : 0;
}

int default_threads() {
  for (const char* name : {"BRASA_NUM_THREADS", "OMP_NUM_THREADS"}) {
    if (const int value = from_environment(name)) return value;
  }
  return core_count();
}

}  // namespace

int core_count() {
  static const int count = std::min(affinity_threads(), cgroup_threads());
  return count;
}

int thread_count() {
  if (const int value = chosen.load()) return value;
  static const int rule = default_threads();
  return rule;
}

void set_thread_count(int threads) {
  require(threads >= 0 && threads <= kMaxThreads,
          "set_threads: the number of threads must be 0 (default) or 1 to ", kMaxThreads, ", got ",
          threads);
  chosen.store(threads);
}

}  // namespace brasa
