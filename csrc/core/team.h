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

// The barrier reverses its sense. Waiting threads spin for some microseconds, the length of a short
// kernel, then yield: on a machine with more threads than free cores an endless spin would starve the
// thread that everyone waits for.
struct Team {
  explicit Team(int threads) : shares(threads > 1 ? static_cast<size_t>(threads) : 0) {}

  alignas(64) std::atomic<int> arrived{0};
  alignas(64) std::atomic<int> phase{0};
  std::vector<Share> shares;
  std::mutex fault_lock;
  std::string fault;  // the first one
};

}  // namespace brasa
