#include "guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

namespace brasa::test {
namespace {

constexpr unsigned char kPattern = 0xFF;

int64_t page_bytes() {
  static const int64_t bytes = sysconf(_SC_PAGESIZE);
  return bytes;
}

}  // namespace

GuardedBytes::GuardedBytes(int64_t bytes, int64_t alignment) : bytes_(bytes) {
  const int64_t page = page_bytes();
  usable_ = (bytes + page - 1) / page * page;
  void* block = mmap(nullptr, static_cast<size_t>(usable_ + 2 * page), PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) fail(ErrorKind::kMemory, "guarded buffer of ", bytes, " bytes");
  block_ = static_cast<char*>(block);
  data_ = block_ + page + (usable_ - bytes) / alignment * alignment;
  if (usable_ == 0) return;
  if (mprotect(block_ + page, static_cast<size_t>(usable_), PROT_READ | PROT_WRITE) != 0) {
    fail(ErrorKind::kRuntime, "guarded buffer: mprotect failed");
  }
  std::memset(block_ + page, kPattern, static_cast<size_t>(usable_));
}

GuardedBytes::~GuardedBytes() {
  if (!pattern_survives()) {
    report_failure(__FILE__, __LINE__, "a kernel wrote in front of or behind its buffer");
  }
  munmap(block_, static_cast<size_t>(usable_ + 2 * page_bytes()));
}

void GuardedBytes::make_read_only() {
  if (usable_ > 0) mprotect(block_ + page_bytes(), static_cast<size_t>(usable_), PROT_READ);
}

bool GuardedBytes::pattern_survives() const {
  const char* first = block_ + page_bytes();
  const char* last = first + usable_;
  for (const char* at = first; at < last; ++at) {
    const bool outside = at < data_ || at >= data_ + bytes_;
    if (outside && static_cast<unsigned char>(*at) != kPattern) return false;
  }
  return true;
}

}  // namespace brasa::test
