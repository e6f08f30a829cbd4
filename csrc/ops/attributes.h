// The named constants of one op call: strides, flags, rates. They come from Python as a dict.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace brasa {

class Attributes {
 public:
  using Value = std::variant<int64_t, double, std::string, std::vector<int64_t>>;

  // For a name that was not set yet.
  void set(std::string name, Value value) {
    entries_.push_back({std::move(name), std::move(value)});
  }
  void reserve(size_t count) { entries_.reserve(count); }

  // Each returns the fallback when the attribute is absent and throws a TypeError for another kind.
  int64_t integer(const char* name, int64_t fallback) const;
  bool flag(const char* name) const { return integer(name, 0) != 0; }
  double number(const char* name, double fallback) const;  // takes an integer too
  std::string text(const char* name, const char* fallback) const;
  std::vector<int64_t> integers(const char* name, std::vector<int64_t> fallback) const;
  bool is_text(const char* name) const;

 private:
  template <class T>
  const T* find(const char* name, const char* wanted) const;

  const Value* value_of(const char* name) const;

  struct Entry {
    std::string name;
    Value value;
  };
  std::vector<Entry> entries_;  // a handful: looked through faster than any tree
};

}  // namespace brasa
