#include "bindings/device_array.h"

#include "backends.h"
#include "bindings/dlpack.h"
#include "bindings/register.h"
#include "core/arena.h"
#include "core/staging.h"

namespace brasa {
namespace {

DeviceArray make(const std::string& device, const py::tuple& spec) {
  const OpTable* const table = table_of_device(device);
  require(table != nullptr, "a device's array cannot lie on the device 'cpu'");
  return {*table, to_spec(spec)};
}

// The array of the host that is copied, as large as the device's.
void* other_side(const DeviceArray& array, const py::handle& object, bool written) {
  const py::array host = to_array(object);
  require(host.nbytes() == array.bytes(), "a copy of ", array.bytes(), " bytes with an array of ",
          host.nbytes());
  return data_of(host, written);
}

void copy_from(const DeviceArray& array, const py::handle& object) {
  const void* const from = other_side(array, object, false);
  const py::gil_scoped_release unlocked;
  const std::lock_guard<std::mutex> alone(device_lock());
  if (array.bytes() > 0) check_device(array.device().copy_in(array.data(), from, array.bytes()));
}

void copy_to(const DeviceArray& array, const py::handle& object) {
  void* const to = other_side(array, object, true);
  const py::gil_scoped_release unlocked;
  const std::lock_guard<std::mutex> alone(device_lock());
  if (array.bytes() > 0) check_device(array.device().copy_out(to, array.data(), array.bytes()));
  check_device(array.device().finish());
}

py::object to_host(const DeviceArray& array) {
  py::array result = empty_array(array.spec());
  copy_to(array, result);
  return result;
}

DeviceArray rows(const DeviceArray& array, int64_t start, int64_t stop) {
  TensorSpec part = array.spec();
  require(part.shape.rank() > 0 && 0 <= start && start <= stop && stop <= part.shape[0], "rows [",
          start, ", ", stop, ") of an array of the shape ", part.shape);
  const int64_t count = part.shape[0];
  const int64_t row = count == 0 ? 0 : part.bytes() / count;
  part.shape[0] = stop - start;
  return {array.table(), part, static_cast<char*>(array.data()) + start * row, array.owner()};
}

DeviceArray reshape(const DeviceArray& array, const py::sequence& shape) {
  TensorSpec spec = array.spec();
  spec.shape = to_spec(py::make_tuple(name_of(spec.dtype), shape)).shape;
  require(spec.bytes() == array.bytes(), "an array of the shape ", array.spec().shape,
          " cannot become ", spec.shape);
  return {array.table(), spec, array.data(), array.owner()};
}

void finish(const std::string& device) {
  const OpTable* const table = table_of_device(device);
  if (table == nullptr) return;
  const py::gil_scoped_release unlocked;
  const std::lock_guard<std::mutex> alone(device_lock());
  check_device(table->device->finish());
}

DeviceArray borrow_from(const py::object& object, const std::string& device) {
  const OpTable* const table = table_of_device(device);
  require(table != nullptr, "a device's array cannot lie on the device 'cpu'");
  return borrow(object, *table);
}

py::object dlpack(const DeviceArray& array, const py::object& stream, const py::object& version,
                  const py::object& device, const py::object& copy) {
  const auto type = array.device().dlpack_type;
  if ((!device.is_none() && device.cast<py::tuple>()[0].cast<int>() != type) ||
      (!copy.is_none() && copy.cast<bool>())) {
    py::set_error(PyExc_BufferError, "brasa lends arrays where they lie: copy with numpy()");
    throw py::error_already_set();
  }
  const bool versioned = !version.is_none() && version.cast<py::tuple>()[0].cast<int>() >= 1;
  return lend(array, stream, versioned);
}

py::str describe(const DeviceArray& array) {
  return py::str("DeviceArray(device={!r}, dtype={!r}, shape={})")
      .format(array.device().name, name_of(array.spec().dtype), from_spec(array.spec())[1]);
}

int64_t room(const std::string& device) {
  const OpTable* const table = table_of_device(device);
  return table == nullptr ? physical_memory() : table->device->room();
}

}  // namespace

DeviceArray::DeviceArray(const OpTable& table, TensorSpec spec) : table_(&table), spec_(spec) {
  const auto block = std::make_shared<DeviceBlock>(*table.device, spec.bytes());
  data_ = block->data();
  owner_ = block;
}

const DeviceArray* as_device_array(const py::handle& object) {
  // What most operands are is told at once.
  if (object.is_none() || py::isinstance<py::array>(object)) return nullptr;
  return py::isinstance<DeviceArray>(object) ? object.cast<const DeviceArray*>() : nullptr;
}

void register_devices(py::module_& m) {
  py::class_<DeviceArray>(m, "DeviceArray", "A dense array in the memory of a device.")
      .def(py::init(&make), py::arg("device"), py::arg("spec"),
           "Memory for a (dtype, shape), not set.")
      .def_property_readonly("device", [](const DeviceArray& a) { return a.device().name; })
      .def_property_readonly(
          "dtype", [](const DeviceArray& a) { return name_of(a.spec().dtype); },
          "The name of the element type.")
      .def_property_readonly(
          "shape", [](const DeviceArray& a) -> py::object { return from_spec(a.spec())[1]; })
      .def_property_readonly("ndim", [](const DeviceArray& a) { return a.spec().shape.rank(); })
      .def_property_readonly(
          "size", [](const DeviceArray& a) { return a.bytes() / size_of(a.spec().dtype); })
      .def_property_readonly("nbytes", &DeviceArray::bytes)
      .def("copy_from", &copy_from, py::arg("array"),
           "Copy a NumPy array of as many bytes here; it may change when this returns.")
      .def("copy_to", &copy_to, py::arg("array"), "Copy into a NumPy array of as many bytes.")
      .def("rows", &rows, py::arg("start"), py::arg("stop"), "Some rows, in the same memory.")
      .def("reshape", &reshape, py::arg("shape"), "The same memory in another shape.")
      .def("__dlpack__", &dlpack, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
           py::arg("copy") = py::none())
      .def("__dlpack_device__",
           [](const DeviceArray& a) { return py::make_tuple(a.device().dlpack_type, 0); })
      .def_property_readonly("__cuda_array_interface__", &cuda_array_interface)
      .def("numpy", &to_host, "A copy in the host's memory.")
      .def("__repr__", &describe);
  m.def("borrow", &borrow_from, py::arg("array"), py::arg("device"),
        "An array of another library on a device, without copying (DLPack, CUDA array interface).");
  m.def("enter_device", &enter_device, py::arg("name"),
        "What this thread makes plans for, and runs ops on, from now on.");
  m.def("current_device", &current_device, "The device that this thread has entered.");
  m.def("finish", &finish, py::arg("device"), "Wait for all that a device was asked for.");
  m.def("device_room", &room, py::arg("name"), "Bytes that can still be allocated on a device.");
}

}  // namespace brasa
