#include "check.h"

#include <cstdio>
#include <cstring>

namespace brasa::test {
namespace {

// A broken kernel fails thousands of checks; the first lines tell what the others would.
constexpr int kLinesPerTest = 12;

constexpr size_t kPathBytes = 1024;
char path[kPathBytes] = "";
int failures = 0;  // of the running test

void set_path(size_t length, const std::string& text) {
  const size_t room = kPathBytes - 1 - length;
  const size_t copied = text.size() < room ? text.size() : room;
  std::memcpy(path + length, text.data(), copied);
  path[length + copied] = '\0';
}

}  // namespace

std::vector<Test>& registry() {
  static std::vector<Test> tests;
  return tests;
}

void report_failure(const char* file, int line, const std::string& message) {
  ++failures;
  if (failures > kLinesPerTest) return;
  const char* slash = std::strrchr(file, '/');
  std::printf("FAILED %s:%d [%s] %s\n", slash == nullptr ? file : slash + 1, line, path,
              message.c_str());
}

bool run_test(const Test& test) {
  failures = 0;
  set_path(0, test.name);
  try {
    test.body();
  } catch (const std::exception& error) {
    report_failure(test.name, 0, std::string("threw ") + error.what());
  }
  if (failures > kLinesPerTest) {
    std::printf("       ... and %d more in %s\n", failures - kLinesPerTest, test.name);
  }
  std::fflush(stdout);
  return failures == 0;
}

void Case::enter(const std::string& text) {
  outer_length_ = std::strlen(path);
  set_path(outer_length_, " > " + text);
}

Case::~Case() { path[outer_length_] = '\0'; }

const char* current_case() { return path; }

}  // namespace brasa::test
