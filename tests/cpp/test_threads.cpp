// How many threads: the call, else BRASA_NUM_THREADS, else OMP_NUM_THREADS, else the machine.
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "check.h"
#include "core/parallel.h"

namespace brasa::test {
namespace {

// What this program answers in a fresh process: the rule is read once. The program of another machine is run by
// BRASA_TEST_EMULATOR.
int count_with(const std::string& environment) {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  const std::string program(self, length > 0 ? static_cast<size_t>(length) : 0);
  const char* emulator = std::getenv("BRASA_TEST_EMULATOR");
  const std::string command = "env -u BRASA_NUM_THREADS -u OMP_NUM_THREADS " + environment + " " +
                              (emulator == nullptr ? "" : emulator) + " '" + program +
                              "' --print-thread-count";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return -1;
  int count = -1;
  if (std::fscanf(pipe, "%d", &count) != 1) count = -1;
  return pclose(pipe) == 0 ? count : -1;
}

int allowed_processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1024;
}

BRASA_TEST(threads_follow_the_call) {
  const int rule = thread_count();
  set_thread_count(3);
  CHECK_EQ(thread_count(), 3);
  set_thread_count(1);
  CHECK_EQ(thread_count(), 1);
  CHECK_THROWS(ErrorKind::kValue, "-1", set_thread_count(-1));
  CHECK_THROWS(ErrorKind::kValue, "1000000", set_thread_count(1000000));
  CHECK_EQ(thread_count(), 1);
  set_thread_count(0);
  CHECK_EQ(thread_count(), rule);
}

BRASA_TEST(threads_follow_the_environment) {
  const int machine = count_with("");
  CHECK(machine >= 1 && machine <= allowed_processors());
  CHECK_EQ(count_with("BRASA_NUM_THREADS=3"), 3);
  CHECK_EQ(count_with("OMP_NUM_THREADS=5"), 5);
  CHECK_EQ(count_with("OMP_NUM_THREADS=4,2"), 4);
  CHECK_EQ(count_with("BRASA_NUM_THREADS=3 OMP_NUM_THREADS=5"), 3);
  for (const char* nonsense : {"0", "-2", "many", "", "99999999999999999999"}) {
    const Case name("BRASA_NUM_THREADS='", nonsense, "'");
    CHECK_EQ(count_with(std::string("BRASA_NUM_THREADS='") + nonsense + "'"), machine);
  }
}

BRASA_TEST(threads_follow_the_affinity_mask) {
  CHECK_EQ(count_with("taskset -c \"$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')\""), 1);
}

}  // namespace
}  // namespace brasa::test
