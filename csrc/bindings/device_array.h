// An array in a device's memory, as Python sees it: brasa's own, or one that another library lent.
#pragma once

#include <memory>

#include "bindings/convert.h"
#include "core/device.h"
#include "ops/op_table.h"

namespace brasa {

class DeviceArray {
 public:
  // Fresh memory, not set. Throws a MemoryError where there is no room.
  DeviceArray(const OpTable& table, TensorSpec spec);
  // Memory that `owner` keeps alive.
  DeviceArray(const OpTable& table, TensorSpec spec, void* data, std::shared_ptr<void> owner)
      : table_(&table), spec_(spec), data_(data), owner_(std::move(owner)) {}

  const OpTable& table() const { return *table_; }
  const Device& device() const { return *table_->device; }
  const TensorSpec& spec() const { return spec_; }
  int64_t bytes() const { return spec_.bytes(); }
  void* data() const { return data_; }
  const std::shared_ptr<void>& owner() const { return owner_; }

 private:
  const OpTable* table_;
  TensorSpec spec_;
  void* data_ = nullptr;
  std::shared_ptr<void> owner_;
};

// The object as a device's array, null if it is none.
const DeviceArray* as_device_array(const py::handle& object);

}  // namespace brasa
