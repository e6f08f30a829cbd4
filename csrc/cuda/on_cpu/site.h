// Where in a kernel's source something happened.
#pragma once

namespace brasa::cuda::on_cpu {

struct Site {
  const char* file;
  int line;

  // As a default argument: the place of the call, like std::source_location::current() of C++20.
  static constexpr Site here(const char* own_file = __builtin_FILE(),
                             int own_line = __builtin_LINE()) {
    return {own_file, own_line};
  }
};

constexpr bool operator==(Site a, Site b) { return a.line == b.line && a.file == b.file; }
constexpr bool operator!=(Site a, Site b) { return !(a == b); }

}  // namespace brasa::cuda::on_cpu
