// Between Python objects and the types of csrc: attributes, operand specs and arrays. Arrays are passed
// without copies and must be exact: dtype, byte order, C order. python/brasa/arrays.py sees to that.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/shape.h"
#include "ops/attributes.h"

namespace brasa {

namespace py = pybind11;

DType dtype_named(const std::string& name);
DType dtype_of(const py::array& array);

// A dict of int, bool, float, str, or sequence of int. Throws a ValueError for what 64 bits do not hold.
Attributes to_attributes(const py::dict& dict);

// (dtype name, shape), or None for an operand that is left out.
TensorSpec to_spec(const py::handle& spec);
py::tuple from_spec(const TensorSpec& spec);
TensorSpec spec_of(const py::array& array);

// The object as the array that it is. TypeError for anything else: a cast would turn a list into an
// array that is gone before the kernel runs.
py::array to_array(const py::handle& object);

// Whether the object is an array that kernels can read as it is: NumPy's own type, not one that gives
// its numbers another meaning, one of our element types, aligned and C-contiguous.
bool is_exact(const py::handle& object);

// The array's memory. Throws a TypeError unless it is aligned and C-contiguous (and writeable).
void* data_of(const py::array& array, bool writeable);

// Whether all of the array's numbers are in [0, limit); it holds int32 or int64.
bool all_below(const py::array& array, int64_t limit);

py::array empty_array(const TensorSpec& spec);

}  // namespace brasa
