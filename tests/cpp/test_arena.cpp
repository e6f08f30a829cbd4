#include <cstring>
#include <utility>

#include "check.h"
#include "core/arena.h"

namespace brasa::test {
namespace {

BRASA_TEST(arena_is_aligned_and_writable) {
  for (const int64_t bytes : {1, 63, 64, 65, 4096, 1 << 20, (1 << 21) - 1, (1 << 21) + 1}) {
    const Case name(bytes, " bytes");
    const Arena arena(bytes);
    CHECK_EQ(reinterpret_cast<uintptr_t>(arena.data()) % kAlignment, 0u);
    CHECK_EQ(arena.bytes(), align_up(bytes));
    std::memset(arena.data(), 1, static_cast<size_t>(arena.bytes()));
  }
}

BRASA_TEST(arena_may_be_empty_or_moved) {
  CHECK(Arena().data() == nullptr);
  CHECK(Arena(0).data() == nullptr);
  CHECK_EQ(Arena(0).bytes(), 0);
  Arena first(100);
  char* const block = first.data();
  const Arena second = std::move(first);
  CHECK(second.data() == block);
}

BRASA_TEST(arena_too_large_is_a_memory_error) {
  constexpr int64_t kBytes = int64_t{1} << 60;
  CHECK_THROWS(ErrorKind::kMemory, std::to_string(kBytes), Arena(kBytes));
  CHECK_THROWS(ErrorKind::kMemory, "batch", Arena(kBytes));
  constexpr int64_t kMost = INT64_MAX - 1;
  CHECK_THROWS(ErrorKind::kMemory, std::to_string(kMost), Arena(kMost));
}

BRASA_TEST(arena_aligns_up) {
  CHECK_EQ(align_up(0), 0);
  CHECK_EQ(align_up(1), 64);
  CHECK_EQ(align_up(64), 64);
  CHECK_EQ(align_up(65), 128);
}

}  // namespace
}  // namespace brasa::test
