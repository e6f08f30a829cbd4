// A device's memory, owned, and operands of the host that are copied there and back.
#pragma once

#include <mutex>
#include <vector>

#include "core/device.h"

namespace brasa {

// Held from the first copy of a call to the last: all threads share a device's stream, and a graph must
// not capture what another asks for.
std::mutex& device_lock();

// A block of a device's memory, released with its owner.
class DeviceBlock {
 public:
  DeviceBlock() = default;
  // Throws a MemoryError that names the bytes.
  DeviceBlock(const Device& device, int64_t bytes);
  DeviceBlock(DeviceBlock&& other) noexcept;
  DeviceBlock& operator=(DeviceBlock&& other) noexcept;
  ~DeviceBlock();

  char* data() const { return data_; }

 private:
  const Device* device_ = nullptr;
  char* data_ = nullptr;
};

// A graph of a device, released with its owner.
class DeviceGraph {
 public:
  DeviceGraph() = default;
  DeviceGraph(const Device& device, void* graph) : device_(&device), graph_(graph) {}
  DeviceGraph(DeviceGraph&& other) noexcept;
  DeviceGraph& operator=(DeviceGraph&& other) noexcept;
  ~DeviceGraph();

  explicit operator bool() const { return graph_ != nullptr; }
  void* get() const { return graph_; }

 private:
  const Device* device_ = nullptr;
  void* graph_ = nullptr;
};

// A note of how far a queue of a device is, released with its owner.
class DeviceEvent {
 public:
  DeviceEvent() = default;
  DeviceEvent(DeviceEvent&& other) noexcept;
  DeviceEvent& operator=(DeviceEvent&& other) noexcept;
  ~DeviceEvent();

  void mark(const Device& device, Queue queue);
  // Nothing where it was never marked.
  void have_wait(Queue queue) const;

 private:
  const Device* device_ = nullptr;
  void* event_ = nullptr;
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
