// One block of memory, aligned for every vector width and cache line, freed with its owner.
#pragma once

#include <cstdint>
#include <memory>

namespace brasa {

constexpr int64_t kAlignment = 64;

constexpr int64_t align_up(int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Bytes of memory in this machine.
int64_t physical_memory();

class Arena {
 public:
  Arena() = default;
  // Throws a MemoryError that names the bytes. Blocks of 2 MiB and more ask for huge pages.
  explicit Arena(int64_t bytes);

  char* data() const { return data_.get(); }
  int64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(char* block) const;
  };
  std::unique_ptr<char, Free> data_;
  int64_t bytes_ = 0;
};

}  // namespace brasa
