// Arrays of a device lent to and by other libraries without copies: DLPack and __cuda_array_interface__.
#pragma once

#include "bindings/device_array.h"

namespace brasa {

// The array that an object of another library offers, on the device of `table`. Throws a TypeError for
// an element type, a ValueError for a place or strides that kernels cannot take.
DeviceArray borrow(const py::object& object, const OpTable& table);

// A capsule for a consumer whose work is on `stream`, as DLPack's protocol counts: None, -1, 1, 2 or a
// pointer. `versioned`: with the structure of DLPack 1.0.
py::capsule lend(const DeviceArray& array, const py::object& stream, bool versioned);

py::dict cuda_array_interface(const DeviceArray& array);

}  // namespace brasa
