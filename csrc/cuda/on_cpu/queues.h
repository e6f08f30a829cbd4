// The two queues of the emulated device. What they are asked for is done late: when somebody waits for it, in
// an order that the marks and waits between the queues allow, and no other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/device.h"

namespace brasa::cuda::on_cpu {

// Null, or one sentence that says what failed.
using Work = std::function<const char*()>;

void ask(Queue queue, Work work);

// How often a queue was asked to mark it, and how often it has.
struct Event {
  int64_t asked = 0, done = 0;
};
void mark(Queue queue, const std::shared_ptr<Event>& event);
void wait(Queue queue, const std::shared_ptr<Event>& event);

// Do what a queue holds, or what comes before the last mark of an event, or all; of the other queue what
// that waits for at least. The first failure since the last call is returned.
const char* drain(Queue queue);
const char* drain_until(const Event& event);
const char* drain_all();

}  // namespace brasa::cuda::on_cpu
