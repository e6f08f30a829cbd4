// A test is a function that registers itself; a failed check prints one line with the case that it
// belongs to, and the run goes on.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"

namespace brasa::test {

struct Test {
  const char* name;
  void (*body)();
};

std::vector<Test>& registry();

struct Registration {
  Registration(const char* name, void (*body)()) { registry().push_back({name, body}); }
};

// Prints the line, unless this test has failed too often already to be worth more of them.
void report_failure(const char* file, int line, const std::string& message);

// Runs one test; false when one of its checks failed.
bool run_test(const Test& test);

// Names what is being tested until the end of the scope. Cases nest: "matmul m=3 > cpu.avx2".
class Case {
 public:
  template <class... Parts>
  explicit Case(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    enter(text.str());
  }
  ~Case();
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

 private:
  void enter(const std::string& text);
  size_t outer_length_ = 0;
};

// The test and the open cases. Its storage never moves, so that a signal handler may read it.
const char* current_case();

template <class A, class B>
std::string compared(const char* text, const A& a, const B& b) {
  std::ostringstream out;
  out << text << ": " << a << " against " << b;
  return out.str();
}

// What the statement threw: its message, or "" with the wrong kind or nothing thrown.
template <class Statement>
std::string message_of(ErrorKind kind, const Statement& statement) {
  try {
    statement();
  } catch (const Error& error) {
    if (error.kind() == kind) return error.what();
  }
  return "";
}

}  // namespace brasa::test

#define BRASA_TEST(name)                                                  \
  static void name();                                                     \
  static const ::brasa::test::Registration register_##name(#name, &name); \
  static void name()

#define CHECK(condition)                                                             \
  do {                                                                               \
    if (!(condition)) ::brasa::test::report_failure(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_EQ(a, b)                                                                \
  do {                                                                                \
    if (!((a) == (b))) {                                                              \
      ::brasa::test::report_failure(__FILE__, __LINE__,                               \
                                    ::brasa::test::compared(#a " == " #b, (a), (b))); \
    }                                                                                 \
  } while (false)

// `statement` must throw a brasa::Error of that kind whose message contains `part`.
#define CHECK_THROWS(kind, part, statement)                                                   \
  do {                                                                                        \
    const std::string thrown = ::brasa::test::message_of((kind), [&] { (void)(statement); }); \
    if (thrown.empty() || thrown.find(part) == std::string::npos) {                           \
      ::brasa::test::report_failure(__FILE__, __LINE__,                                       \
                                    "expected an error with '" + std::string(part) +          \
                                        "' from " #statement ", got '" + thrown + "'");       \
    }                                                                                         \
  } while (false)
