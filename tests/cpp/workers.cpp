#include "workers.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

namespace brasa::test {
namespace {

using Clock = std::chrono::steady_clock;

Result run_one(const Test& test) {
  const Clock::time_point begin = Clock::now();
  const bool passed = run_test(test);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return {passed ? Outcome::kPassed : Outcome::kFailed, seconds};
}

// What the processes share: the number of tests taken, and behind it a result for each.
struct Board {
  std::atomic<size_t> taken{0};
  Result* results() { return reinterpret_cast<Result*>(this + 1); }
};

Board* make_board(size_t tests) {
  const size_t bytes = sizeof(Board) + tests * sizeof(Result);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) Board();
}

void work(const std::vector<Test>& tests, Board* board) {
  for (size_t i = board->taken++; i < tests.size(); i = board->taken++) {
    board->results()[i] = run_one(tests[i]);
    std::fflush(stdout);
  }
}

}  // namespace

Report run_in_workers(const std::vector<Test>& tests, int workers) {
  Report report;
  Board* board = workers > 1 ? make_board(tests.size()) : nullptr;
  if (board == nullptr) {
    for (const Test& test : tests) report.results.push_back(run_one(test));
    return report;
  }
  std::fflush(stdout);
  for (int i = 0; i < workers; ++i) {
    // Before the first test: no thread exists that a child would miss.
    if (fork() != 0) continue;
    work(tests, board);
    std::exit(0);
  }
  for (int status = 0; wait(&status) > 0;) report.broken += status != 0;
  report.results.assign(board->results(), board->results() + tests.size());
  munmap(board, sizeof(Board) + tests.size() * sizeof(Result));
  return report;
}

}  // namespace brasa::test
