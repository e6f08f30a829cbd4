// The scratch of one op call.
#pragma once

#include "core/arena.h"

namespace brasa {

// A block of at least `bytes`, of undefined contents, that the calling thread keeps for its next call where
// it is no larger than this: fresh pages are cleared by the kernel of the system, at the speed of memory.
// (1024^3 on two cores of Sapphire Rapids: a sixth of the time of a product went into the pages of 5 MiB.)
constexpr int64_t kKeptScratch = int64_t{64} << 20;

class Scratch {
 public:
  explicit Scratch(int64_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  char* data() const { return block_.data(); }

 private:
  Arena block_;
};

}  // namespace brasa
