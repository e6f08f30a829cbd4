// What there is to know of ops without running them.
#include "backends.h"
#include "bindings/convert.h"
#include "bindings/register.h"
#include "core/parallel.h"
#include "ops/registry.h"

namespace brasa {
namespace {

std::vector<TensorSpec> specs_from(const py::sequence& specs) {
  std::vector<TensorSpec> result;
  for (const py::handle spec : specs) result.push_back(to_spec(spec));
  return result;
}

// The shapes and types that an op gives, without running it.
py::list infer(const std::string& name, const py::sequence& inputs, const py::dict& attributes) {
  const Call call = prepare(find_op(name), to_attributes(attributes), specs_from(inputs),
                            active_table(), thread_count());
  py::list outputs;
  for (const TensorSpec& spec : call.outputs) outputs.append(from_spec(spec));
  return outputs;
}

}  // namespace

void register_ops(py::module_& m) {
  m.def("all_below", &all_below, py::arg("array"), py::arg("limit"),
        "Whether all numbers of an int32 or int64 array are in [0, limit).");
  m.def("op_names", &op_names, "Names of all ops.");
  m.def("infer", &infer, py::arg("op"), py::arg("inputs"), py::arg("attributes"),
        "Dtype and shape of each output of an op, from (dtype, shape) of each input or None.");
}

}  // namespace brasa
