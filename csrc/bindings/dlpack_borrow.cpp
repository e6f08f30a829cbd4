// From other libraries: their arrays on a device, read where they lie.
#include <iterator>
#include <string>
#include <vector>

#include "bindings/dlpack.h"
#include "bindings/dlpack_abi.h"
#include "core/error.h"
#include "core/staging.h"

namespace brasa {
namespace {

using namespace dlpack;

[[noreturn]] void refuse_dtype(const std::string& got) {
  fail(ErrorKind::kType, "an array of a device has the element type ", got,
       "; wanted float32, float64, int32, int64 or uint8");
}

DType dtype_of(const DLDataType& dtype) {
  for (const Code& code : kCodes) {
    if (dtype.code == code.code && dtype.bits == code.bits && dtype.lanes == 1) return code.type;
  }
  static constexpr const char* kKinds[] = {"int",    "uint",    "float", "opaque",
                                           "bfloat", "complex", "bool"};
  refuse_dtype((dtype.code < std::size(kKinds) ? kKinds[dtype.code] : "type ") +
               std::to_string(dtype.bits));
}

// C order; along an axis of one element any stride will do. `strides` count in units of `unit`.
void check_strides(const Shape& shape, const std::vector<int64_t>& strides, int64_t unit) {
  int64_t wanted = unit;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    const int64_t stride = strides[static_cast<size_t>(axis)];
    require(shape[axis] <= 1 || stride == wanted, "an array of a device, of the shape ", shape,
            ", is not contiguous: make it so first, as with x.contiguous()");
    wanted *= shape[axis];
  }
}

void check_place(const TensorSpec& spec, const void* data, const Device& device) {
  if (spec.bytes() == 0) return;
  require(device.holds(data), "an array is not in the memory of the device '", device.name, "'");
  require(reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(size_of(spec.dtype)) == 0,
          "an array of a device is not aligned to its elements");
}

DeviceArray array_of(const DLTensor& tensor, std::shared_ptr<void> owner, const OpTable& table) {
  TensorSpec spec{dtype_of(tensor.dtype), {}, true};
  for (int axis = 0; axis < tensor.rank; ++axis) spec.shape.append(tensor.shape[axis]);
  if (tensor.strides != nullptr && spec.bytes() > 0) {
    check_strides(spec.shape, {tensor.strides, tensor.strides + tensor.rank}, 1);
  }
  void* const data = static_cast<char*>(tensor.data) + tensor.byte_offset;
  check_place(spec, data, *table.device);
  return {table, spec, data, std::move(owner)};
}

template <class M>
DeviceArray take(const py::object& capsule, const char* name, const char* used,
                 const OpTable& table) {
  auto* const managed = static_cast<M*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (managed == nullptr) throw py::error_already_set();
  PyCapsule_SetName(capsule.ptr(), used);
  std::shared_ptr<void> owner(managed, [](void* held) {
    auto* const m = static_cast<M*>(held);
    if (m->release != nullptr) m->release(m);
  });
  return array_of(managed->tensor, std::move(owner), table);
}

py::object capsule_of(const py::object& object, const Device& device) {
  py::dict arguments;
  if (device.wait_for != nullptr) {
    arguments["stream"] = py::int_(reinterpret_cast<uintptr_t>(device.stream));
  }
  const py::object method = object.attr("__dlpack__");
  try {
    py::dict newer = arguments.attr("copy")();
    newer["max_version"] = py::make_tuple(1, 0);
    return method(**newer);
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return method(**arguments);
}

DeviceArray borrow_dlpack(const py::object& object, const OpTable& table) {
  const Device& device = *table.device;
  const int type = object.attr("__dlpack_device__")().cast<py::tuple>()[0].cast<int>();
  require(type == device.dlpack_type, "an array is on a device of DLPack's type ", type, ", but '",
          device.name, "' has the type ", device.dlpack_type);
  const py::object capsule = capsule_of(object, device);
  if (PyCapsule_IsValid(capsule.ptr(), kVersionedName) != 0) {
    return take<ManagedVersioned>(capsule, kVersionedName, kUsedVersionedName, table);
  }
  return take<Managed>(capsule, kName, kUsedName, table);
}

// Version 2 does not say whose stream: then it is the default one. From 3 on None stands for "done".
void wait_for_producer(const py::dict& interface, const Device& device) {
  if (device.wait_for == nullptr) return;
  uintptr_t stream = 0;
  if (interface.contains("stream")) {
    if (interface["stream"].is_none()) return;
    stream = interface["stream"].cast<uintptr_t>();
  }
  check_device(device.wait_for(reinterpret_cast<void*>(stream)));
}

DeviceArray borrow_interface(const py::object& object, const OpTable& table) {
  const py::dict interface = object.attr("__cuda_array_interface__");
  const auto letters = interface["typestr"].cast<std::string>();
  TensorSpec spec;
  const Code* found = nullptr;
  for (const Code& code : kCodes) {
    if (letters == code.letters) found = &code;
  }
  if (found == nullptr) refuse_dtype("'" + letters + "'");
  spec.dtype = found->type;
  for (const py::handle dim : interface["shape"].cast<py::tuple>()) {
    spec.shape.append(dim.cast<int64_t>());
  }
  if (interface.contains("strides") && !interface["strides"].is_none() && spec.bytes() > 0) {
    check_strides(spec.shape, interface["strides"].cast<std::vector<int64_t>>(),
                  size_of(spec.dtype));
  }
  void* const data =
      reinterpret_cast<void*>(interface["data"].cast<py::tuple>()[0].cast<uintptr_t>());
  check_place(spec, data, *table.device);
  wait_for_producer(interface, *table.device);
  // Dropped under the lock that every DeviceArray is dropped under.
  std::shared_ptr<void> owner(new py::object(object),
                              [](void* held) { delete static_cast<py::object*>(held); });
  return {table, spec, data, std::move(owner)};
}

}  // namespace

DeviceArray borrow(const py::object& object, const OpTable& table) {
  return py::hasattr(object, "__dlpack_device__") ? borrow_dlpack(object, table)
                                                  : borrow_interface(object, table);
}

}  // namespace brasa
