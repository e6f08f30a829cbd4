#include "cuda/on_cpu/owners.h"

namespace brasa::cuda::on_cpu {
namespace {

// One word for a writer; 0 is nobody. 32 bits of block, 11 of thread, 20 of epoch.
uint64_t packed(const Writer& w) {
  return uint64_t{1} << 63 | (static_cast<uint64_t>(w.block) & 0xFFFFFFFF) << 31 |
         static_cast<uint64_t>(w.thread & 0x7FF) << 20 | (w.epoch & 0xFFFFF);
}

Writer unpacked(uint64_t word) {
  return {static_cast<int64_t>(word >> 31 & 0xFFFFFFFF), static_cast<int>(word >> 20 & 0x7FF),
          static_cast<uint32_t>(word & 0xFFFFF)};
}

uint64_t next_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

Owners::Owners() : id_(next_id()) {}

Owners::Page& Owners::page_of(uintptr_t number) {
  const std::lock_guard<std::mutex> hold(lock_);
  std::unique_ptr<Page>& page = pages_[number];
  if (!page) page.reset(new Page());
  return *page;
}

bool Owners::conflicts(const void* element, const Writer& writer, Writer* earlier) {
  // The page that this thread used last: writes come in rows.
  struct Recent {
    uint64_t owners = 0;
    uintptr_t number = 0;
    Page* page = nullptr;
  };
  thread_local Recent recent;
  const uintptr_t address = reinterpret_cast<uintptr_t>(element) / 4;
  const uintptr_t number = address / kPageElements;
  if (recent.owners != id_ || recent.number != number) recent = {id_, number, &page_of(number)};
  const uint64_t own = packed(writer);
  const uint64_t before = recent.page->writers[address % kPageElements].exchange(own);
  if (before == 0) return false;
  *earlier = unpacked(before);
  const Writer now = unpacked(own);
  return earlier->block != now.block ||
         (earlier->thread != now.thread && earlier->epoch == now.epoch);
}

}  // namespace brasa::cuda::on_cpu
