// A device's memory, owned, and operands of the host that are copied there and back.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "core/device.h"

namespace brasa {

// Held from the first copy of a call to the last: all threads share a device's stream, and a graph must
// not capture what another asks for.
std::mutex& device_lock();

// What a device gave, released with its owner by the device's function `kRelease`.
template <void (*Device::*kRelease)(void*)>
class DeviceOwned {
 public:
  DeviceOwned() = default;
  DeviceOwned(const Device& device, void* held) : device_(&device), held_(held) {}
  DeviceOwned(DeviceOwned&& other) noexcept
      : device_(other.device_), held_(std::exchange(other.held_, nullptr)) {}
  DeviceOwned& operator=(DeviceOwned&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(held_, other.held_);
    return *this;
  }
  ~DeviceOwned() {
    if (held_ != nullptr) (device_->*kRelease)(held_);
  }

  explicit operator bool() const { return held_ != nullptr; }
  void* get() const { return held_; }

 protected:
  const Device* device_ = nullptr;
  void* held_ = nullptr;
};

// A block of a device's memory.
class DeviceBlock : public DeviceOwned<&Device::release> {
 public:
  DeviceBlock() = default;
  // Throws a MemoryError that names the bytes.
  DeviceBlock(const Device& device, int64_t bytes);

  char* data() const { return static_cast<char*>(get()); }
};

// A graph of a device.
using DeviceGraph = DeviceOwned<&Device::release_graph>;

// A note of how far a queue of a device is.
class DeviceEvent : public DeviceOwned<&Device::release_event> {
 public:
  void mark(const Device& device, Queue queue);
  // Nothing where it was never marked.
  void have_wait(Queue queue) const;
};

// Throws a RuntimeError with the sentence of a device's function, unless it is null.
void check_device(const char* failed);

// Host operands of one call, staged: each gets a copy in the device's memory; what the call writes comes
// back with finish(). One host address has one copy, however often it is named.
class Staging {
 public:
  explicit Staging(const Device& device) : device_(device) {}

  void* stage(void* host, int64_t bytes, bool written);
  // Memory without a host's side, aligned as the arena of a plan is.
  void* scratch(int64_t bytes);
  // Throws a RuntimeError with what went wrong on the device.
  void finish();

 private:
  struct Copy {
    void* host;
    int64_t bytes;
    bool written;
    DeviceBlock memory;
  };
  const Device& device_;
  std::vector<Copy> copies_;
};

}  // namespace brasa
