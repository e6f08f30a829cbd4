// One function for each part of the module.
#pragma once

#include <pybind11/pybind11.h>

namespace brasa {

void register_devices(pybind11::module_& m);
void register_eager(pybind11::module_& m);
void register_ops(pybind11::module_& m);
void register_plan(pybind11::module_& m);
void register_runtime(pybind11::module_& m);

}  // namespace brasa
