#include <cstring>
#include <thread>

#include "check.h"
#include "core/error.h"
#include "core/scratch.h"

namespace brasa::test {
namespace {

char* place_of(int64_t bytes) {
  const Scratch scratch(bytes);
  std::memset(scratch.data(), 1, static_cast<size_t>(bytes));
  return scratch.data();
}

BRASA_TEST(scratch_stays_with_its_thread) {
  std::thread([] {
    char* const first = place_of(1 << 20);
    CHECK(place_of(1 << 20) == first);
    CHECK(place_of(100) == first);
    CHECK(place_of(2 << 20) != nullptr);
    std::thread([&] { CHECK(place_of(100) != nullptr); }).join();
  }).join();
}

BRASA_TEST(scratch_of_nothing_is_null) { CHECK(Scratch(0).data() == nullptr); }

BRASA_TEST(scratch_of_a_call_within_a_call_is_another) {
  const Scratch outer(100), inner(100);
  CHECK(outer.data() != inner.data());
}

BRASA_TEST(scratch_too_large_is_a_memory_error_and_harms_nothing) {
  CHECK_THROWS(ErrorKind::kMemory, "cannot allocate", Scratch(int64_t{1} << 60));
  CHECK(place_of(100) != nullptr);
}

}  // namespace
}  // namespace brasa::test
