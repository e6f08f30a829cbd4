// The extension module brasa._core.
#include "bindings/convert.h"
#include "bindings/register.h"
#include "core/error.h"

namespace brasa {
namespace {

void set_python_error(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kValue: py::set_error(PyExc_ValueError, error.what()); break;
    case ErrorKind::kType: py::set_error(PyExc_TypeError, error.what()); break;
    case ErrorKind::kIndex: py::set_error(PyExc_IndexError, error.what()); break;
    case ErrorKind::kMemory: py::set_error(PyExc_MemoryError, error.what()); break;
    case ErrorKind::kRuntime: py::set_error(PyExc_RuntimeError, error.what()); break;
  }
}

}  // namespace
}  // namespace brasa

PYBIND11_MODULE(_core, m) {
  m.doc() =
      "Kernels, plans and runtime of brasa. Use brasa.ops, brasa.runtime and the models instead.";
  pybind11::register_local_exception_translator([](std::exception_ptr pending) {
    try {
      if (pending) std::rethrow_exception(pending);
    } catch (const brasa::Error& error) {
      brasa::set_python_error(error);
    }
  });
  brasa::register_devices(m);
  brasa::register_eager(m);
  brasa::register_ops(m);
  brasa::register_plan(m);
  brasa::register_runtime(m);
}
