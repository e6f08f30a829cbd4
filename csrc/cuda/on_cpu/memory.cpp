#include "cuda/on_cpu/memory.h"

namespace brasa::cuda::on_cpu {

char* static_array(int64_t bytes, Site site) {
  Block& block = *current->block;
  int end = 0;
  for (const StaticArray& array : block.arrays) {
    if (array.site == site) return block.shared.data() + array.offset;
    end = array.offset + array.bytes;
  }
  const int offset = (end + 15) / 16 * 16;
  if (offset + bytes > kStaticSharedBytes) {
    fault(site, "more than ", kStaticSharedBytes, " bytes of static shared memory");
  }
  block.arrays.push_back({site, offset, static_cast<int>(bytes)});
  block.shared.poison(offset, static_cast<int>(bytes));
  return block.shared.data() + offset;
}

void copy_async(char* to, const void* from, int bytes, bool valid, Site site) {
  Thread& self = *current;
  const auto misaligned = [bytes](const void* at) {
    return reinterpret_cast<uintptr_t>(at) % static_cast<uintptr_t>(bytes) != 0;
  };
  if (misaligned(to) || (valid && misaligned(from))) {
    fault(site, "cp.async of ", bytes, " bytes at an address that is no multiple of them");
  }
  self.block->shared.on_copy_issued(to, bytes, self, site);
  self.open_copies.push_back({to, static_cast<const char*>(from), bytes, valid, site});
}

void commit_copies() {
  Thread& self = *current;
  self.copies.push_back(std::move(self.open_copies));
  self.open_copies.clear();
}

void wait_for_copies(int groups) {
  Thread& self = *current;
  while (static_cast<int>(self.copies.size()) > groups) {
    for (const PendingCopy& copy : self.copies.front()) {
      self.block->shared.on_copy_done(copy.to, copy.bytes, self, copy.site);
      if (copy.valid) {
        std::memcpy(copy.to, copy.from, static_cast<size_t>(copy.bytes));
      } else {
        std::memset(copy.to, 0, static_cast<size_t>(copy.bytes));
      }
    }
    self.copies.erase(self.copies.begin());
  }
}

}  // namespace brasa::cuda::on_cpu
