// brasa_tests [part of a test's name ...]: runs the tests whose name contains one of the parts, or
// all of them, in as many processes as there are cores (BRASA_TEST_PROCESSES names another number). The exit
// code is 0 when every check held.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "check.h"
#include "core/parallel.h"
#include "workers.h"

namespace {

using namespace brasa::test;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // its own handler prints the stack
#else
constexpr bool kSanitized = false;
#endif

// An access beyond a guarded buffer ends here: name the case, then die as without a handler.
void name_the_case(int signal) {
  const char prefix[] = "CRASHED in ";
  const char* where = current_case();
  if (write(2, prefix, sizeof(prefix) - 1) < 0 || write(2, where, std::strlen(where)) < 0 ||
      write(2, "\n", 1) < 0) {
    _exit(1);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// libgomp's idle threads spin by default, and must be waited for whenever the size of the team changes,
// which is all the time here: 3 ms for each change instead of 0.1 ms (2 busy cores). It reads the
// variable before main(), so the program starts itself again.
void let_idle_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execvp(argv[0], argv);  // returns only where it fails; then the tests are slow
}

bool selected(const char* name, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strstr(name, argv[i]) != nullptr) return true;
  }
  return argc == 1;
}

int process_count(size_t tests) {
  const char* named = std::getenv("BRASA_TEST_PROCESSES");
  const int wanted = named != nullptr ? std::atoi(named) : brasa::thread_count();
  return std::max(1, std::min(wanted, static_cast<int>(tests)));
}

using Timed = std::pair<double, const char*>;  // seconds, name

// A minute here is half a minute of every change's checks: the slowest tests name themselves.
void print_slowest(std::vector<Timed> tests) {
  constexpr double kNoticed = 3;
  std::sort(tests.rbegin(), tests.rend());
  for (const auto& [seconds, name] : tests) {
    if (seconds > kNoticed) std::printf("%6.1f s  %s\n", seconds, name);
  }
}

}  // namespace

// AddressSanitizer ends the process on an allocation that cannot be, unless told to return null.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

int main(int argc, char** argv) {
  // For test_threads.cpp, which runs this program again under other environments.
  if (argc == 2 && std::strcmp(argv[1], "--print-thread-count") == 0) {
    std::printf("%d\n", brasa::thread_count());
    return 0;
  }
  let_idle_threads_sleep(argv);
  if (!kSanitized) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) std::signal(signal, name_the_case);
  }
  std::vector<Test> tests;
  for (const Test& test : registry()) {
    if (selected(test.name, argc, argv)) tests.push_back(test);
  }
  const Report report = run_in_workers(tests, process_count(tests.size()));
  int passed = 0, failed = 0;
  std::vector<Timed> times;
  for (size_t i = 0; i < tests.size(); ++i) {
    const Result& result = report.results[i];
    ++(result.outcome == Outcome::kPassed ? passed : failed);
    if (result.outcome == Outcome::kNotRun) std::printf("NOT RUN %s\n", tests[i].name);
    times.push_back({result.seconds, tests[i].name});
  }
  print_slowest(std::move(times));
  if (passed + failed == 0) std::printf("no test has a name like that\n");
  if (report.broken > 0) std::printf("%d test processes broke down\n", report.broken);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 && report.broken == 0 ? 0 : 1;
}
