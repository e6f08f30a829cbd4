#include "bindings/convert.h"

#include <algorithm>
#include <optional>

namespace brasa {
namespace {

constexpr DType kDTypes[] = {DType::kFloat32, DType::kFloat64, DType::kInt32, DType::kInt64,
                             DType::kUint8};

py::dtype numpy_dtype(DType type) {
  switch (type) {
    case DType::kFloat32: return py::dtype::of<float>();
    case DType::kFloat64: return py::dtype::of<double>();
    case DType::kInt32: return py::dtype::of<int32_t>();
    case DType::kInt64: return py::dtype::of<int64_t>();
    case DType::kUint8: return py::dtype::of<uint8_t>();
  }
  fail(ErrorKind::kType, "no such element type");
}

std::optional<DType> native_type(const py::dtype& dtype) {
  const char kind = dtype.kind();
  const auto size = dtype.itemsize();
  const char order = dtype.byteorder();
  if (order != '=' && order != '|') return std::nullopt;
  if (kind == 'f' && size == 4) return DType::kFloat32;
  if (kind == 'f' && size == 8) return DType::kFloat64;
  if (kind == 'i' && size == 4) return DType::kInt32;
  if (kind == 'i' && size == 8) return DType::kInt64;
  if (kind == 'u' && size == 1) return DType::kUint8;
  return std::nullopt;
}

int64_t whole_number(const std::string& name, const py::handle& value) {
  int overflow = 0;
  const auto number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0) {
    fail_value(name, " does not fit into 64 bits, got ", py::str(value).cast<std::string>());
  }
  if (number == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return number;
}

Attributes::Value attribute_value(const std::string& name, const py::handle& value) {
  if (py::isinstance<py::str>(value)) return value.cast<std::string>();
  if (py::isinstance<py::float_>(value)) return value.cast<double>();
  if (py::isinstance<py::int_>(value)) return whole_number(name, value);
  std::vector<int64_t> numbers;
  for (const py::handle entry : value.cast<py::sequence>()) {
    numbers.push_back(whole_number(name, entry));
  }
  return numbers;
}

bool is_dense(const py::array& array) {
  const auto address = reinterpret_cast<uintptr_t>(array.data());
  return (array.flags() & py::array::c_style) != 0 &&
         address % static_cast<uintptr_t>(array.itemsize()) == 0;
}

Shape shape_from(const py::handle& dims) {
  Shape shape;
  for (const py::handle dim : dims) shape.append(dim.cast<int64_t>());
  return shape;
}

}  // namespace

DType dtype_named(const std::string& name) {
  for (const DType type : kDTypes) {
    if (name == name_of(type)) return type;
  }
  fail(ErrorKind::kType, "dtype must be float32, float64, int32, int64 or uint8, got ", name);
}

DType dtype_of(const py::array& array) {
  const py::dtype dtype = array.dtype();
  const auto type = native_type(dtype);
  if (type.has_value()) return *type;
  fail(ErrorKind::kType, "an array has the dtype ", py::str(dtype).cast<std::string>(),
       "; wanted float32, float64, int32, int64 or uint8 in native byte order");
}

Attributes to_attributes(const py::dict& dict) {
  Attributes attributes;
  attributes.reserve(dict.size());
  for (const auto& [key, value] : dict) {
    auto name = key.cast<std::string>();
    auto given = attribute_value(name, value);
    attributes.set(std::move(name), std::move(given));
  }
  return attributes;
}

TensorSpec to_spec(const py::handle& spec) {
  if (spec.is_none()) return {DType::kFloat32, {}, false};
  const auto pair = spec.cast<py::tuple>();
  return {dtype_named(pair[0].cast<std::string>()), shape_from(pair[1]), true};
}

py::tuple from_spec(const TensorSpec& spec) {
  py::tuple dims(static_cast<size_t>(spec.shape.rank()));
  for (int axis = 0; axis < spec.shape.rank(); ++axis)
    dims[static_cast<size_t>(axis)] = spec.shape[axis];
  return py::make_tuple(name_of(spec.dtype), dims);
}

TensorSpec spec_of(const py::array& array) {
  Shape shape;
  for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) shape.append(array.shape(axis));
  return {dtype_of(array), shape, true};
}

py::array to_array(const py::handle& object) {
  if (!py::isinstance<py::array>(object)) {
    fail(ErrorKind::kType, "an operand must be a NumPy array, got ",
         py::str(py::type::handle_of(object)).cast<std::string>());
  }
  return py::reinterpret_borrow<py::array>(object);
}

bool is_exact(const py::handle& object) {
  if (Py_TYPE(object.ptr()) != py::detail::npy_api::get().PyArray_Type_) return false;
  const auto array = py::reinterpret_borrow<py::array>(object);
  return native_type(array.dtype()).has_value() && is_dense(array);
}

void* data_of(const py::array& array, bool writeable) {
  if (!is_dense(array)) fail(ErrorKind::kType, "an array must be aligned and C-contiguous");
  if (writeable && !array.writeable()) fail_value("an output array is read-only");
  return const_cast<void*>(array.data());
}

namespace {

// As unsigned numbers, those below 0 are the largest.
template <class Unsigned>
uint64_t largest(const void* numbers, py::ssize_t count) {
  const Unsigned* at = static_cast<const Unsigned*>(numbers);
  Unsigned most = 0;
  for (py::ssize_t i = 0; i < count; ++i) most = std::max(most, at[i]);
  return most;
}

}  // namespace

bool all_below(const py::array& array, int64_t limit) {
  const void* numbers = data_of(array, false);
  const bool wide = dtype_of(array) == DType::kInt64;
  require(wide || dtype_of(array) == DType::kInt32,
          "all_below: the array must hold int32 or int64");
  const uint64_t most =
      wide ? largest<uint64_t>(numbers, array.size()) : largest<uint32_t>(numbers, array.size());
  return array.size() == 0 || most < static_cast<uint64_t>(std::max<int64_t>(limit, 0));
}

py::array empty_array(const TensorSpec& spec) {
  std::vector<py::ssize_t> dims;
  for (int axis = 0; axis < spec.shape.rank(); ++axis) dims.push_back(spec.shape[axis]);
  return py::array(numpy_dtype(spec.dtype), dims);
}

}  // namespace brasa
