#include "cuda/on_cpu/queues.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>

namespace brasa::cuda::on_cpu {
namespace {

struct Item {
  Work work;
  std::shared_ptr<const Event> after;  // may not start before this event was marked so often
  int64_t times = 0;
};

std::mutex lock;
std::deque<Item> queues[2];
const char* failure = nullptr;
bool early = false;

std::deque<Item>& items_of(Queue queue) { return queues[static_cast<int>(queue)]; }

// Whether copies are done as soon as they may be, or as late. Both are right, and code that forgets to wait
// fails under one of them: by turns unless BRASA_CUDA_ON_CPU_COPIES says "early" or "late".
void choose_order() {
  const char* const wanted = std::getenv("BRASA_CUDA_ON_CPU_COPIES");
  early = wanted == nullptr || *wanted == '\0' ? !early : std::strcmp(wanted, "early") == 0;
}

bool advance(Queue queue) {
  std::deque<Item>& items = items_of(queue);
  if (items.empty()) return false;
  if (items.front().after != nullptr && items.front().after->done < items.front().times) {
    return false;
  }
  const Item item = std::move(items.front());
  items.pop_front();
  const char* const failed = item.work ? item.work() : nullptr;
  if (failure == nullptr) failure = failed;
  return true;
}

// Any step forward.
bool advance_one(Queue wanted) {
  if (early) {
    while (advance(Queue::kCopies)) {
    }
  }
  return advance(wanted) || advance(wanted == Queue::kCopies ? Queue::kKernels : Queue::kCopies);
}

const char* result() { return std::exchange(failure, nullptr); }

template <class Done>
const char* drain_while(Queue queue, Done done) {
  const std::lock_guard<std::mutex> hold(lock);
  choose_order();
  while (!done()) {
    if (!advance_one(queue)) return "cuda_on_cpu: its two queues wait for each other";
  }
  return result();
}

}  // namespace

void ask(Queue queue, Work work) {
  const std::lock_guard<std::mutex> hold(lock);
  items_of(queue).push_back({std::move(work), nullptr, 0});
}

void mark(Queue queue, const std::shared_ptr<Event>& event) {
  const std::lock_guard<std::mutex> hold(lock);
  const int64_t times = ++event->asked;
  const auto note = [event, times]() -> const char* {
    event->done = times;
    return nullptr;
  };
  items_of(queue).push_back({note, nullptr, 0});
}

void wait(Queue queue, const std::shared_ptr<Event>& event) {
  const std::lock_guard<std::mutex> hold(lock);
  items_of(queue).push_back({nullptr, event, event->asked});
}

const char* drain(Queue queue) {
  return drain_while(queue, [queue] { return items_of(queue).empty(); });
}

const char* drain_until(const Event& event) {
  return drain_while(Queue::kCopies, [&event] { return event.done == event.asked; });
}

const char* drain_all() {
  const char* const failed = drain(Queue::kKernels);
  const char* const other = drain(Queue::kCopies);
  return failed != nullptr ? failed : other;
}

}  // namespace brasa::cuda::on_cpu
