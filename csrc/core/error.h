// Errors of the library. Every message names the op, the argument, what was wanted and what came.
// The bindings turn the kind into the Python exception of the same name.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace brasa {

enum class ErrorKind { kValue, kType, kIndex, kMemory, kRuntime };

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// Joins the parts into one message and throws.
template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(kind, text.str());
}

template <class... Parts>
[[noreturn]] void fail_value(const Parts&... parts) {
  fail(ErrorKind::kValue, parts...);
}

template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) fail_value(parts...);
}

}  // namespace brasa
