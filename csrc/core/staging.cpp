#include "core/staging.h"

#include <utility>

#include "core/error.h"

namespace brasa {

void check_device(const char* failed) {
  if (failed != nullptr) fail(ErrorKind::kRuntime, failed);
}

std::mutex& device_lock() {
  static std::mutex lock;
  return lock;
}

DeviceBlock::DeviceBlock(const Device& device, int64_t bytes) : device_(&device) {
  if (bytes == 0) return;
  data_ = static_cast<char*>(device.allocate(bytes));
  if (data_ != nullptr) return;
  fail(ErrorKind::kMemory, "the device '", device.name, "' has no room for ", bytes,
       " bytes: ", device.room == nullptr ? 0 : device.room(), " are free");
}

DeviceBlock::DeviceBlock(DeviceBlock&& other) noexcept
    : device_(other.device_), data_(std::exchange(other.data_, nullptr)) {}

DeviceBlock& DeviceBlock::operator=(DeviceBlock&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(data_, other.data_);
  return *this;
}

DeviceBlock::~DeviceBlock() {
  if (data_ != nullptr) device_->release(data_);
}

DeviceGraph::DeviceGraph(DeviceGraph&& other) noexcept
    : device_(other.device_), graph_(std::exchange(other.graph_, nullptr)) {}

DeviceGraph& DeviceGraph::operator=(DeviceGraph&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(graph_, other.graph_);
  return *this;
}

DeviceGraph::~DeviceGraph() {
  if (graph_ != nullptr) device_->release_graph(graph_);
}

DeviceEvent::DeviceEvent(DeviceEvent&& other) noexcept
    : device_(other.device_), event_(std::exchange(other.event_, nullptr)) {}

DeviceEvent& DeviceEvent::operator=(DeviceEvent&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(event_, other.event_);
  return *this;
}

DeviceEvent::~DeviceEvent() {
  if (event_ != nullptr) device_->release_event(event_);
}

void DeviceEvent::mark(const Device& device, Queue queue) {
  device_ = &device;
  check_device(device.mark(queue, &event_));
}

void DeviceEvent::have_wait(Queue queue) const {
  if (event_ != nullptr) check_device(device_->wait(queue, event_));
}

void* Staging::stage(void* host, int64_t bytes, bool written) {
  if (host == nullptr || bytes == 0) return nullptr;
  for (Copy& copy : copies_) {
    if (copy.host == host && copy.bytes == bytes) {
      copy.written = copy.written || written;
      return copy.memory.data();
    }
  }
  copies_.push_back({host, bytes, written, DeviceBlock(device_, bytes)});
  // What is written, too: a call may add into it, or leave parts as they are.
  check_device(device_.copy_in(copies_.back().memory.data(), host, bytes));
  return copies_.back().memory.data();
}

void* Staging::scratch(int64_t bytes) {
  copies_.push_back({nullptr, bytes, false, DeviceBlock(device_, bytes)});
  return copies_.back().memory.data();
}

void Staging::finish() {
  for (const Copy& copy : copies_) {
    if (copy.written) check_device(device_.copy_out(copy.host, copy.memory.data(), copy.bytes));
  }
  check_device(device_.finish());
}

}  // namespace brasa
