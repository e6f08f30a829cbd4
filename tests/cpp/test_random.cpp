// Known answers of Philox4x32-10: kat_vectors of Random123 (D. E. Shaw Research).
#include "check.h"
#include "core/random.h"

namespace brasa::test {
namespace {

void check_words(const Philox& got, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
  CHECK_EQ(got.word[0], w0);
  CHECK_EQ(got.word[1], w1);
  CHECK_EQ(got.word[2], w2);
  CHECK_EQ(got.word[3], w3);
}

BRASA_TEST(philox_gives_the_published_words) {
  check_words(philox(0, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  check_words(philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}), 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
              0x6d5451fd);
  // The digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0.
  check_words(philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e), 0xd16cfe09,
              0x94fdcceb, 0x5001e420, 0x24126ea1);
}

BRASA_TEST(uniform01_lies_in_its_interval) {
  CHECK_EQ(uniform01(0), 0.f);
  CHECK_EQ(uniform01(0xFF), 0.f);
  CHECK_EQ(uniform01(0x100), 0x1p-24f);
  CHECK_EQ(uniform01(0x80000000), 0.5f);
  CHECK_EQ(uniform01(0xFFFFFFFF), 1 - 0x1p-24f);
}

}  // namespace
}  // namespace brasa::test
