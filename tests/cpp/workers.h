// Tests in several processes at once, each of which takes the next one while any is left: most tests compute
// on one thread, and a process that crashes takes no other test along.
#pragma once

#include <vector>

#include "check.h"

namespace brasa::test {

enum class Outcome : int { kNotRun, kPassed, kFailed };

struct Result {
  Outcome outcome;  // kNotRun: the process died in it, or before
  double seconds;
};

struct Report {
  std::vector<Result> results;  // as many as tests
  int broken = 0;  // processes that did not end well: by a signal, or a sanitizer's last word
};

// With one worker the tests run in this process.
Report run_in_workers(const std::vector<Test>& tests, int workers);

}  // namespace brasa::test
