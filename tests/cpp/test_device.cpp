// Plans and operands in a device's memory: what is copied, and what is said when something fails.

#include "noting_device.h"

namespace brasa::test {
namespace {

BRASA_TEST(device_runs_a_plan_in_its_own_memory) {
  asked = {};
  Values a = {1, 2, 3, -4, -5, -6}, b = {1, 0, 0, 1, 1, 1}, y(4, 7.f);
  {
    Plan plan(steps(), 64, {24, 24, 16}, table_there(), 3);
    CHECK_EQ(plan.arena_bytes(), 128);
    CHECK_EQ(asked.blocks.size(), size_t{1});
    for (int run = 0; run < 2; ++run) {
      plan.run({a.data(), b.data(), y.data()});
      CHECK((y == Values{4, 5, 0, 0}));
      CHECK_EQ(asked.blocks.size(), size_t{4});  // the arena and a place for each segment stay
    }
    CHECK_EQ(asked.in, 2 * (24 + 24));  // what the first step to touch it overwrites stays away
    CHECK_EQ(asked.out, 2 * 16);        // only what a step writes
    plan.profile({a.data(), b.data(), y.data()});
    CHECK_EQ(asked.finished, 2 + 2 + 1);
    CHECK_EQ(plan.staged_bytes(), 24 + 24 + 16);
    asked.failure = "the device failed";
    CHECK_THROWS(ErrorKind::kRuntime, "the device failed",
                 plan.run({a.data(), b.data(), y.data()}));
  }
  CHECK(asked.blocks.empty());
}

BRASA_TEST(device_segments_are_used_as_they_are) {
  asked = {};
  Capturing c;
  asked.in = 0;
  Plan plan(steps(), 64, {24, 24, 16}, table_there(), 1);
  for (int run = 0; run < 3; ++run) plan.run(c.bound());
  CHECK_EQ(c.result(), 3.f);
  CHECK_EQ(asked.in + asked.out + asked.finished, 0);
  CHECK_EQ(plan.captures() + plan.replays() + plan.staged_bytes(), 0);  // this one has no graphs
}

BRASA_TEST(device_without_room_is_a_memory_error) {
  asked = {};
  asked.full = true;
  CHECK_THROWS(ErrorKind::kMemory, "the device 'device' has no room for 128 bytes",
               Plan(steps(), 64, {24, 24, 16}, table_there(), 1));
  asked.full = false;
}

BRASA_TEST(device_stages_an_operand_named_twice_once) {
  asked = {};
  Values x = {1, 2, 3, 4};
  {
    Staging staging(*table_there().device);
    void* first = staging.stage(x.data(), 16, false);
    CHECK(first == staging.stage(x.data(), 16, true));
    CHECK(staging.stage(nullptr, 16, true) == nullptr);
    static_cast<float*>(first)[2] = 9.f;
    staging.finish();
  }
  CHECK((x == Values{1, 2, 9, 4}));
  CHECK_EQ(asked.in, 16);
  CHECK(asked.blocks.empty());
}

BRASA_TEST(device_names_the_step_whose_kernel_failed) {
  asked = {};
  Capturing c;
  Plan plan(steps(), 64, {24, 24, 16}, c.table, 1);
  asked.fault = "an illegal address";
  CHECK_THROWS(ErrorKind::kRuntime, "relu: an illegal address", plan.run(c.bound()));
}

BRASA_TEST(device_says_which_op_it_lacks) {
  CHECK_THROWS(ErrorKind::kRuntime, "softmax: there are no kernels for it in the table 'there'",
               prepare(find_op("softmax"), {}, {floats(2, 3)}, table_there(), 1));
}

}  // namespace
}  // namespace brasa::test
