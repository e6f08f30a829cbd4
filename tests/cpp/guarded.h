// Buffers that end where an inaccessible page begins, so that reading or writing one element too
// many crashes. The unused start of their first page holds a pattern that must survive.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace brasa::test {

class GuardedBytes {
 public:
  // Filled with 0xFF bytes: NaN as floats, so that a kernel that adds where it should overwrite, or
  // relies on cleared scratch, is found out.
  explicit GuardedBytes(int64_t bytes, int64_t alignment = 1);
  ~GuardedBytes();  // checks the pattern
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  char* data() const { return data_; }
  void make_read_only();

 private:
  bool pattern_survives() const;

  char* block_;  // guard page, usable pages, guard page
  int64_t usable_;
  char* data_;
  int64_t bytes_;
};

// An output, or an operand that is updated in place.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t count) : count_(count), bytes_(count * int64_t{sizeof(T)}) {}
  explicit Guarded(const std::vector<T>& values) : Guarded(static_cast<int64_t>(values.size())) {
    if (count_ > 0) std::memcpy(bytes_.data(), values.data(), values.size() * sizeof(T));
  }

  T* data() const { return reinterpret_cast<T*>(bytes_.data()); }
  std::vector<T> values() const { return std::vector<T>(data(), data() + count_); }

 protected:
  int64_t count_;
  GuardedBytes bytes_;
};

// An operand that the kernel may only read: writing to it crashes, too.
template <class T>
class Input : public Guarded<T> {
 public:
  explicit Input(const std::vector<T>& values) : Guarded<T>(values) {
    this->bytes_.make_read_only();
  }
  const T* data() const { return Guarded<T>::data(); }
  // For optional operands: null when not wanted.
  const T* data_if(bool wanted) const { return wanted ? data() : nullptr; }
};

}  // namespace brasa::test
