#include "core/staging.h"

#include "core/error.h"

namespace brasa {

void check_device(const char* failed) {
  if (failed != nullptr) fail(ErrorKind::kRuntime, failed);
}

std::mutex& device_lock() {
  static std::mutex lock;
  return lock;
}

DeviceBlock::DeviceBlock(const Device& device, int64_t bytes) : DeviceOwned(device, nullptr) {
  if (bytes == 0) return;
  held_ = device.allocate(bytes);
  if (held_ != nullptr) return;
  fail(ErrorKind::kMemory, "the device '", device.name, "' has no room for ", bytes,
       " bytes: ", device.room == nullptr ? 0 : device.room(), " are free");
}

void DeviceEvent::mark(const Device& device, Queue queue) {
  device_ = &device;
  check_device(device.mark(queue, &held_));
}

void DeviceEvent::have_wait(Queue queue) const {
  if (held_ != nullptr) check_device(device_->wait(queue, held_));
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
