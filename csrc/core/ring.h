// Host memory that a device copies from, in slots that are filled in turn: the host fills one while the
// device reads another, and waits only where it is a whole turn ahead.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/device.h"

namespace brasa {

// Slot has `char* memory`, null until make(), and these, which return null or what failed:
//   make()                            its memory, kBytes of it
//   wait()                            until the device has done the last copy out of it
//   copy(queue, to, bytes)            asks for a copy out of it, and notes it for wait()
template <class Slot, int kSlots, int64_t kBytes>
class Ring {
 public:
  // `from` may change when this returns.
  const char* send(Queue queue, char* to, const char* from, int64_t bytes) {
    for (int64_t done = 0; done < bytes; done += kBytes) {
      const int64_t part = bytes - done < kBytes ? bytes - done : kBytes;
      if (const char* failed = send_part(queue, to + done, from + done, part)) return failed;
    }
    return nullptr;
  }

 private:
  const char* send_part(Queue queue, char* to, const char* from, int64_t bytes) {
    Slot& slot = slots_[next_];
    next_ = (next_ + 1) % kSlots;
    const char* const failed = slot.memory == nullptr ? slot.make() : slot.wait();
    if (failed != nullptr) return failed;
    std::memcpy(slot.memory, from, static_cast<size_t>(bytes));
    return slot.copy(queue, to, bytes);
  }

  Slot slots_[kSlots] = {};
  int next_ = 0;
};

}  // namespace brasa
