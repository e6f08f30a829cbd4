// What the threads of a team share.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace brasa {

// What is left of one thread's part of a loop (Exec::portions()): the loop's number and a range of
// pieces in one word, so that the owner, who takes from the front, and others, who take from the back,
// need no lock.
struct alignas(64) Share {
  std::atomic<uint64_t> left{0};
  uint32_t loop = 0;  // the owner's, who alone reads it
};

// What a thread waits for at a barrier: in round r, the signal of the one 2^r before it, by the number of
// times they have met.
struct alignas(64) Signals {
  static constexpr int kRounds = 12;  // for 2^12 threads: threads.cpp lets no team be so large
  std::atomic<uint32_t> met[kRounds] = {};
  alignas(64) uint32_t times = 0;  // the owner's
};

// The barrier disseminates (Hensgen, Finkel and Manber 1988): nobody writes what all read. Two cores of
// Sapphire Rapids meet in 220 ns; with a shared counter and a shared phase in 300. Waiting threads spin for
// the length of a short kernel, then yield: on a machine with more threads than free cores an endless spin
// would starve the thread that everyone waits for.
struct Team {
  Team(int threads, int most_spins)
      : spins(most_spins),
        signals(threads > 1 ? static_cast<size_t>(threads) : 0),
        shares(signals.size()) {}

  const int spins;  // before a waiting thread yields
  std::vector<Signals> signals;
  std::vector<Share> shares;
  std::mutex fault_lock;
  std::string fault;  // the first one
};

}  // namespace brasa
