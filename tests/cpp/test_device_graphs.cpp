// Runs of a plan that a device replays as a graph, and copies for the next one beside them.
#include <cstring>
#include <string>

#include "noting_device.h"

namespace brasa::test {
namespace {

BRASA_TEST(device_replays_a_graph_while_nothing_is_bound_anew) {
  asked = {};
  {
    Capturing c;
    Plan plan(steps(), 64, {24, 24, 16}, c.table, 1);
    plan.run(c.bound());
    CHECK_EQ(c.result(), 3.f);
    CHECK_EQ(asked.captured, 0);
    for (int run = 1; run < 4; ++run) {
      plan.run(c.bound());
      CHECK_EQ(c.result(), static_cast<float>(run));
    }
    CHECK_EQ(asked.captured, 1);
    const DeviceBlock other(c.device, 24);
    copy_in(other.data(), Values(6, 2.f).data(), 24);
    std::vector<Binding> rebound = c.bound();
    rebound[0] = {other.data(), true};
    plan.run(rebound);  // an ordinary run
    CHECK_EQ(c.result(), 6.f);
    CHECK_EQ(asked.graphs, 0);
    plan.run(rebound);
    CHECK_EQ(c.result(), 4.f);
    CHECK_EQ(plan.captures(), 2);
    CHECK_EQ(plan.replays(), 4);
    plan.profile(rebound);  // times the steps themselves
    CHECK_EQ(c.result(), 6.f);
    asked.failure = "a graph failed";
    CHECK_THROWS(ErrorKind::kRuntime, "a graph failed", plan.run(rebound));
    asked.failure = nullptr;
    Plan failing(steps(), 64, {24, 24, 16}, c.table, 1);
    failing.run(c.bound());
    asked.failure = "no graph today";
    for (int run = 0; run < 2; ++run) {
      c.clear();
      failing.run(c.bound());  // as without graphs
      CHECK_EQ(c.result(), 3.f);
      CHECK(failing.capture_failure() == "no graph today");
      CHECK_EQ(failing.captures() + failing.replays(), 0);
      asked.failure = nullptr;
    }
    c.device.captures = [](const char* op) { return std::strcmp(op, "matmul") != 0; };
    Plan uncaptured(steps(), 64, {24, 24, 16}, c.table, 1);
    for (int run = 0; run < 3; ++run) uncaptured.run(c.bound());
    CHECK_EQ(uncaptured.captures(), 0);
  }
  CHECK_EQ(asked.graphs, 0);
}

// A device with two queues, which notes in which order it is asked for what.
std::string order;

struct TwoQueues : Capturing {
  TwoQueues() {
    device.send = [](void* to, const void* from, int64_t bytes) {
      order += "send ";
      return copy_in(to, from, bytes);
    };
    device.mark = [](Queue queue, void** event) -> const char* {
      static int events[8], made = 0;
      if (*event == nullptr) *event = &events[made++];
      order += queue == Queue::kCopies ? "sent" : "ran";
      order += std::to_string(static_cast<int*>(*event) - events) + " ";
      return nullptr;
    };
    device.wait = [](Queue queue, void* event) -> const char* {
      CHECK(event != nullptr);
      order += queue == Queue::kCopies ? "copies-wait " : "kernels-wait ";
      return nullptr;
    };
    device.release_event = [](void*) {};
  }
};

BRASA_TEST(device_copies_for_the_next_run_beside_this_one) {
  asked = {};
  TwoQueues c;
  Values a(6, 1.f), y(4);
  Plan plan(steps(), 64, {24, 24, 16}, c.table, 1);
  const std::vector<Binding> bound = {{a.data()}, {c.b.data(), true}, {c.y.data(), true}};
  plan.reserve({true, false, false});
  CHECK_EQ(plan.staged_bytes(), 2 * 24);
  order.clear();
  plan.run(bound);
  plan.run(bound);
  CHECK(order == "send sent0 kernels-wait ran1 send sent2 kernels-wait ran3 ");
  order.clear();
  plan.run(bound);  // the first place again: not before its reader is done
  CHECK(order == "copies-wait send sent0 kernels-wait ran1 ");
  CHECK_EQ(asked.finished, 0);
  CHECK_EQ(plan.captures(), 2);
  CHECK_EQ(plan.replays(), 2);
  order.clear();
  plan.run({{a.data()}, {c.b.data(), true}, {y.data()}});  // comes back: one place, one queue
  CHECK(order.empty());
  CHECK_EQ(asked.finished, 1);
  plan.run(c.bound());  // nothing to copy
  CHECK(order.empty());
}

}  // namespace
}  // namespace brasa::test
