#include "core/scratch.h"

#include <utility>

namespace brasa {
namespace {

Arena& kept() {
  thread_local Arena block;
  return block;
}

}  // namespace

Scratch::Scratch(int64_t bytes) {
  if (bytes == 0) return;
  block_ = std::exchange(kept(), Arena());
  if (block_.bytes() >= bytes) return;
  block_ = Arena();  // before the larger one: both need not fit into memory
  block_ = Arena(bytes);
}

Scratch::~Scratch() {
  if (block_.bytes() > 0 && block_.bytes() <= kKeptScratch) kept() = std::move(block_);
}

}  // namespace brasa
