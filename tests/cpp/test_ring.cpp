#include "core/ring.h"

#include <cstring>

#include "check.h"

namespace brasa::test {
namespace {

// Copies are done when somebody waits for them.
struct LazySlot {
  char* memory = nullptr;
  char own[4] = {};
  char* to = nullptr;
  int64_t bytes = 0;
  static inline int waits = 0;

  const char* make() {
    memory = own;
    return nullptr;
  }
  const char* wait() {
    ++waits;
    std::memcpy(to, memory, static_cast<size_t>(bytes));
    return nullptr;
  }
  const char* copy(Queue, char* device, int64_t count) {
    to = device, bytes = count;
    return count == 3 ? "no more than two bytes" : nullptr;
  }
};

BRASA_TEST(device_ring_waits_before_it_fills_a_slot_again) {
  LazySlot::waits = 0;
  Ring<LazySlot, 3, 4> ring;
  const char from[] = "abcdefghijklmnopqrstuvwx";
  char to[24] = {};
  CHECK(ring.send(Queue::kCopies, to, from, 12) == nullptr);
  CHECK_EQ(LazySlot::waits, 0);
  CHECK(ring.send(Queue::kKernels, to + 12, from + 12, 10) == nullptr);
  CHECK_EQ(LazySlot::waits, 3);
  CHECK(std::memcmp(to, from, 12) == 0);
  CHECK(std::strcmp(ring.send(Queue::kCopies, to, from, 3), "no more than two bytes") == 0);
}

}  // namespace
}  // namespace brasa::test
