#include "bindings/convert.h"

#include <algorithm>

namespace brasa {
namespace {

constexpr DType kDTypes[] = {DType::kFloat32, DType::kFloat64, DType::kInt32, DType::kInt64,
                             DType::kUint8};

py::dtype numpy_dtype(DType type) { return py::dtype(name_of(type)); }

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
  const char kind = dtype.kind();
  const auto size = dtype.itemsize();
  const char order = dtype.byteorder();
  if (order == '=' || order == '|') {
    if (kind == 'f' && size == 4) return DType::kFloat32;
    if (kind == 'f' && size == 8) return DType::kFloat64;
    if (kind == 'i' && size == 4) return DType::kInt32;
    if (kind == 'i' && size == 8) return DType::kInt64;
    if (kind == 'u' && size == 1) return DType::kUint8;
  }
  fail(ErrorKind::kType, "an array has the dtype ", py::str(dtype).cast<std::string>(),
       "; wanted float32, float64, int32, int64 or uint8 in native byte order");
}

Attributes to_attributes(const py::dict& dict) {
  Attributes attributes;
  for (const auto& [key, value] : dict) {
    const auto name = key.cast<std::string>();
    if (py::isinstance<py::str>(value)) {
      attributes.set(name, value.cast<std::string>());
    } else if (py::isinstance<py::float_>(value)) {
      attributes.set(name, value.cast<double>());
    } else if (py::isinstance<py::int_>(value)) {
      attributes.set(name, value.cast<int64_t>());
    } else {
      attributes.set(name, value.cast<std::vector<int64_t>>());
    }
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

void* data_of(const py::array& array, bool writeable) {
  const auto address = reinterpret_cast<uintptr_t>(array.data());
  const bool exact = (array.flags() & py::array::c_style) != 0 &&
                     address % static_cast<uintptr_t>(array.itemsize()) == 0;
  if (!exact) fail(ErrorKind::kType, "an array must be aligned and C-contiguous");
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
