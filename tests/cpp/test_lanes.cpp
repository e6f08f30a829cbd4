#include "lanes_case.h"

namespace brasa::test {
namespace {

BRASA_TEST(lanes_come_back_as_they_went) {
  for (const int64_t N : {0, 1, 3, 4, 5, 8, 9, 16, 17, 31}) {
    for (const int64_t C : {1, 2, 3, 7, 16, 17}) {
      for (const int64_t W : {1, 5, 8, 9}) {
        const LanesShape s{N, 3, W, C, 0, true};
        const Case name("N ", N, " W ", W, " C ", C);
        const Values x = random_values(N * 3 * W * C, 1);
        check_tables([&](const Run& run) { return from_lanes(run, s, to_lanes(run, s, x)); },
                     kExact);
      }
    }
  }
}

BRASA_TEST(lanes_without_an_image_repeat_the_last_or_hold_zero) {
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Run run{*table, 1};
    const Values x = {1, 2, 3, 4, 5, 6};  // one image of 1 x 3 pixels with 2 channels
    const size_t L = static_cast<size_t>(table->lanes);
    const Values planes = {1, 3, 5, 2, 4, 6};
    for (const bool repeat : {false, true}) {
      const Values got = to_lanes(run, {1, 1, 3, 2, 0, repeat}, x);
      for (size_t i = 0; i < planes.size(); ++i) {
        CHECK_EQ(got[i * L], planes[i]);
        CHECK_EQ(got[i * L + L - 1], L == 1 || repeat ? planes[i] : 0.f);
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test
