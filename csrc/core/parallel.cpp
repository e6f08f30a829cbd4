#include "core/parallel.h"

#include <omp.h>
#include <pthread.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <thread>

#include "core/error.h"
#include "core/float_state.h"
#include "core/team.h"

namespace brasa {

namespace {

constexpr int kSpins = 4000;  // about 40 ns each with the pause below: 160 us

// With more threads than cores, whoever is waited for may need the core of the one who waits.
int spins_of(int threads) { return threads <= core_count() ? kSpins : 0; }

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// libgomp's worker threads do not survive fork(): a child that opens a region would wait for them
// for ever. Giving the forking thread's pool back before the fork lets both sides start a new one.
void install_fork_handler() {
  static const int installed = pthread_atfork(
      [] {
        if (!omp_in_parallel()) omp_pause_resource_all(omp_pause_hard);
      },
      nullptr, nullptr);
  (void)installed;
}

}  // namespace

extern "C" void brasa_team_barrier(Team* team, int thread, int threads) {
  Signals* const all = team->signals.data();
  const uint32_t times = ++all[thread].times;
  for (int round = 0, distance = 1; distance < threads; ++round, distance *= 2) {
    all[(thread + distance) % threads].met[round].store(times, std::memory_order_release);
    // The other may be one meeting ahead, and no more.
    const std::atomic<uint32_t>& mine = all[thread].met[round];
    const auto is_early = [&] {
      return static_cast<int32_t>(mine.load(std::memory_order_acquire) - times) < 0;
    };
    for (int spin = 0; is_early(); ++spin) {
      if (spin < team->spins) {
        relax();
      } else {
        std::this_thread::yield();
      }
    }
  }
}

extern "C" void brasa_team_fault(Team* team, const char* message) {
  const std::lock_guard<std::mutex> hold(team->fault_lock);
  if (team->fault.empty()) team->fault = message;
}

bool name_fault(Team* team, const std::string& where) {
  const std::lock_guard<std::mutex> hold(team->fault_lock);
  if (team->fault.empty()) return false;
  team->fault = where + ": " + team->fault;
  return true;
}

void run_team(int threads, TeamBody body, void* context) {
  Team team(threads, spins_of(threads));
  if (threads <= 1) {
    const FloatState state;
    body(context, 0, 1, &team);
  } else {
    install_fork_handler();
#pragma omp parallel num_threads(threads)
    {
      const FloatState state;
      // OpenMP may grant fewer threads than asked for: the team is as large as it is in truth.
      body(context, omp_get_thread_num(), omp_get_num_threads(), &team);
    }
  }
  if (!team.fault.empty()) fail(ErrorKind::kRuntime, team.fault);
}

}  // namespace brasa
