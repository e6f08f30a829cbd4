#include "core/arena.h"

#include <unistd.h>

#include <cstdlib>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "core/error.h"

namespace brasa {
namespace {

// Huge pages are touched 3 times faster than 4 KiB pages, and miss the TLB less.
constexpr int64_t kHugePage = int64_t{1} << 21;

[[noreturn]] void refuse(int64_t bytes) {
  fail(ErrorKind::kMemory, "brasa: cannot allocate ", bytes, " bytes; this machine has ",
       physical_memory(), ". Use a smaller batch or a smaller network.");
}

}  // namespace

int64_t physical_memory() {
  static const int64_t bytes =
      static_cast<int64_t>(sysconf(_SC_PAGESIZE)) * sysconf(_SC_PHYS_PAGES);
  return bytes;
}

Arena::Arena(int64_t bytes) {
  if (bytes == 0) return;
  if (bytes > physical_memory())
    refuse(bytes);  // before it is rounded up: near 2^63 that overflows
  bytes_ = align_up(bytes);
  const int64_t alignment = bytes_ >= kHugePage ? kHugePage : kAlignment;
  void* block = nullptr;
  if (posix_memalign(&block, static_cast<size_t>(alignment), static_cast<size_t>(bytes_)) != 0) {
    refuse(bytes_);
  }
#if defined(__linux__)
  if (bytes_ >= kHugePage) madvise(block, static_cast<size_t>(bytes_), MADV_HUGEPAGE);
#endif
  data_.reset(static_cast<char*>(block));
}

void Arena::Free::operator()(char* block) const { std::free(block); }

}  // namespace brasa
