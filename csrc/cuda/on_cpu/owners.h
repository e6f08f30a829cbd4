// Who wrote which element of global memory in this launch. Blocks run in any order, so an element that two
// of them write, or two threads of a block without a barrier between, is not determined.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace brasa::cuda::on_cpu {

struct Writer {
  int64_t block;
  int thread;
  uint32_t epoch;
};

class Owners {
 public:
  Owners();
  // The earlier writer, where the two conflict.
  bool conflicts(const void* element, const Writer& writer, Writer* earlier);

 private:
  static constexpr uintptr_t kPageElements = 1024;  // of four bytes
  struct Page {
    std::atomic<uint64_t> writers[kPageElements];
  };
  Page& page_of(uintptr_t number);

  const uint64_t id_;  // of all that ever were
  std::mutex lock_;
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
};

}  // namespace brasa::cuda::on_cpu
