// Shared memory with a diary: for every four bytes, who wrote and who read them last, and in which of the
// intervals between two barriers. Two threads that touch the same bytes in one interval, at least one
// of them writing, race, whatever order they happened to run in here.
#pragma once

#include <cstdint>
#include <memory>

#include "cuda/on_cpu/site.h"

namespace brasa::cuda::on_cpu {

struct Thread;

struct Word {
  uint32_t write_epoch, read_epoch;  // of the block; 0: never
  uint32_t write_sync, read_sync;    // of the warp
  uint16_t writer, reader;           // thread in the block
  uint8_t many_lanes, many_warps;    // read in this interval by several of them
  uint8_t pending;                   // a cp.async is on its way
};

constexpr int kStaticSharedBytes = 48 * 1024;  // what a kernel may declare
constexpr int kDynamicSharedBytes =
    99 * 1024;  // what a launch may ask for on every device since sm_80
constexpr int kSharedBytes = kStaticSharedBytes + kDynamicSharedBytes;

class SharedMemory {
 public:
  SharedMemory();

  // Begins a block: the first `bytes` bytes of the dynamic part, and none of the static one yet.
  void begin(int dynamic_bytes);
  // Begins an interval: what came before is ordered with what comes now.
  void next_epoch() { ++epoch_; }
  // Fills new bytes with signalling NaN.
  void poison(int offset, int bytes);

  char* data() const { return data_.get(); }
  int dynamic_bytes() const { return dynamic_bytes_; }
  uint32_t epoch() const { return epoch_; }

  void on_read(const char* at, int bytes, const Thread& thread, Site site);
  void on_write(const char* at, int bytes, const Thread& thread, Site site);
  // A cp.async writes from the moment it is issued, and has written when it was waited for.
  void on_copy_issued(char* at, int bytes, const Thread& thread, Site site);
  void on_copy_done(char* at, int bytes, const Thread& thread, Site site);

 private:
  int word_at(const char* at) const { return static_cast<int>(at - data_.get()) / 4; }

  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<char, Free> data_;
  std::unique_ptr<Word, Free> words_;
  int dynamic_bytes_ = 0;
  // Never set back: what earlier blocks wrote in the diary is then older than first_epoch_.
  uint32_t epoch_ = 0, first_epoch_ = 0;
};

}  // namespace brasa::cuda::on_cpu
