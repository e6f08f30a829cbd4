// To other libraries: our arrays on a device, with the memory kept as long as they use it.
#include <type_traits>
#include <vector>

#include "bindings/dlpack.h"
#include "bindings/dlpack_abi.h"
#include "core/staging.h"

namespace brasa {
namespace {

using namespace dlpack;

// What a lent tensor points into, and the memory that it keeps.
struct Lent {
  std::vector<int64_t> shape, strides;
  std::shared_ptr<void> owner;
};

Lent* lent_of(const DeviceArray& array, DLTensor& tensor) {
  const Shape& shape = array.spec().shape;
  const Code& code = code_of(array.spec().dtype);
  auto* const lent =
      new Lent{{}, std::vector<int64_t>(static_cast<size_t>(shape.rank())), array.owner()};
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    lent->strides[static_cast<size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  for (int axis = 0; axis < shape.rank(); ++axis) lent->shape.push_back(shape[axis]);
  tensor = {array.data(),
            {array.device().dlpack_type, 0},
            shape.rank(),
            {code.code, code.bits, 1},
            lent->shape.data(),
            lent->strides.data(),
            0};
  return lent;
}

template <class M>
void release(M* managed) {
  delete static_cast<Lent*>(managed->context);
  delete managed;
}

// A capsule that nobody has taken releases what it holds.
template <class M>
py::capsule capsule_for(const DeviceArray& array, const char* name, void (*drop)(PyObject*)) {
  auto* const managed = new M{};
  managed->context = lent_of(array, managed->tensor);
  managed->release = release<M>;
  if constexpr (std::is_same_v<M, ManagedVersioned>) managed->version = {1, 0};
  PyObject* const capsule = PyCapsule_New(managed, name, drop);
  if (capsule == nullptr) {
    release(managed);
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::capsule>(capsule);
}

template <class M>
void drop_unused(PyObject* capsule, const char* name) {
  if (PyCapsule_IsValid(capsule, name) == 0) return;
  auto* const managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  managed->release(managed);
}

void let_consumer_wait(const Device& device, const py::object& stream) {
  if (device.let_wait == nullptr) return;
  const auto number = stream.is_none() ? 0 : stream.cast<int64_t>();
  if (number == -1) return;
  check_device(device.let_wait(reinterpret_cast<void*>(static_cast<uintptr_t>(number))));
}

}  // namespace

py::capsule lend(const DeviceArray& array, const py::object& stream, bool versioned) {
  let_consumer_wait(array.device(), stream);
  if (versioned) {
    return capsule_for<ManagedVersioned>(array, kVersionedName, [](PyObject* capsule) {
      drop_unused<ManagedVersioned>(capsule, kVersionedName);
    });
  }
  return capsule_for<Managed>(array, kName,
                              [](PyObject* capsule) { drop_unused<Managed>(capsule, kName); });
}

py::dict cuda_array_interface(const DeviceArray& array) {
  py::dict interface;
  interface["shape"] = from_spec(array.spec())[1];
  interface["typestr"] = code_of(array.spec().dtype).letters;
  interface["data"] = py::make_tuple(reinterpret_cast<uintptr_t>(array.data()), false);
  interface["strides"] = py::none();
  interface["version"] = 3;
  interface["stream"] = py::none();
  if (array.device().wait_for != nullptr) {
    interface["stream"] = reinterpret_cast<uintptr_t>(array.device().stream);
  }
  return interface;
}

}  // namespace brasa
