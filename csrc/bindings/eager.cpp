// Eager execution: one op, now.
#include <optional>

#include "backends.h"
#include "bindings/device_array.h"
#include "bindings/launch.h"
#include "bindings/register.h"
#include "core/parallel.h"
#include "core/scratch.h"
#include "ops/registry.h"

namespace brasa {
namespace {

// A call as Python asked for it.
struct Request {
  const Op& op;
  const py::sequence& inputs;
  const std::optional<py::dict>& attributes;
  py::tuple outputs;  // empty where none are given
};

// Refuses what cannot fit, before anything is allocated: overcommitting systems would end the process
// at the first touch instead.
void check_memory(const Op& op, const Call& call, bool outputs_given) {
  int64_t bytes = call.workspace;
  for (const TensorSpec& spec : call.outputs) {
    if (!outputs_given) bytes = checked_add(bytes, spec.bytes(), op.name);
  }
  if (bytes > physical_memory()) {
    fail(ErrorKind::kMemory, op.name, ": the result needs ", bytes, " bytes; this machine has ",
         physical_memory());
  }
}

// Throws for what is neither None nor an array that kernels can take.
void add_operand(Operands& operands, const py::handle& object, bool written) {
  if (object.is_none()) return operands.add({DType::kFloat32, {}, false}, nullptr);
  if (const DeviceArray* there = as_device_array(object)) {
    return operands.add(there->spec(), there->data());
  }
  const py::array array = to_array(object);
  operands.add(spec_of(array), data_of(array, written));
}

// Where a device's array is among the operands, the op runs there, and so does what it gives.
const OpTable* device_table_of(const Request& asked) {
  const OpTable* table = nullptr;
  const auto look_at = [&](const py::handle& operand) {
    const DeviceArray* const there = as_device_array(operand);
    if (there == nullptr) return;
    require(table == nullptr || table == &there->table(), asked.op.name,
            ": the operands are on different devices");
    table = &there->table();
  };
  for (const py::handle input : asked.inputs) look_at(input);
  for (const py::handle output : asked.outputs) look_at(output);
  return table;
}

void check_output(const Op& op, const TensorSpec& wanted, const TensorSpec& given) {
  require(given.shape == wanted.shape, op.name, ": an output must have the shape ", wanted.shape,
          ", got ", given.shape);
  if (given.dtype == wanted.dtype) return;
  fail(ErrorKind::kType, op.name, ": an output must be ", name_of(wanted.dtype), ", got ",
       name_of(given.dtype));
}

py::object new_output(const Op& op, const TensorSpec& wanted, const OpTable* device) {
  require(!op.in_place, op.name, ": updates its outputs in place: they must be given");
  if (device != nullptr) return py::cast(DeviceArray(*device, wanted));
  return empty_array(wanted);
}

// What the call returns: the arrays that were given, fresh ones in the place of the others.
py::tuple bind_outputs(const Request& asked, Launch& work, const OpTable* device) {
  const std::vector<TensorSpec>& wanted = work.call.outputs;
  const py::tuple& given = asked.outputs;
  require(given.empty() || given.size() == wanted.size(), asked.op.name, ": needs ", wanted.size(),
          " outputs, got ", given.size());
  py::tuple results(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const bool fresh = given.empty() || py::handle(given[i]).is_none();
    py::object result = fresh ? new_output(asked.op, wanted[i], device) : py::object(given[i]);
    add_operand(work.outputs, result, true);
    if (!fresh) check_output(asked.op, wanted[i], work.outputs.specs[i]);
    results[i] = std::move(result);
  }
  return results;
}

// `device`: in whose memory operands lie, null where all are the host's.
py::tuple execute(const Request& asked, Operands read, const OpTable* device) {
  const OpTable& table = device != nullptr ? *device : active_table();
  const int threads = thread_count();
  const Call call =
      prepare(asked.op, asked.attributes ? to_attributes(*asked.attributes) : Attributes(),
              read.specs, table, threads);
  if (device == nullptr) check_memory(asked.op, call, !asked.outputs.empty());
  const Scratch scratch(table.device != nullptr ? 0 : call.workspace);
  Launch work{
      asked.op, call, table, scratch.data(), std::move(read), Operands(call.outputs.size())};
  py::tuple results = bind_outputs(asked, work, device);
  if (table.device != nullptr) {
    launch_on_device(work, asked.inputs, results);
  } else {
    launch_here(work, threads);
  }
  return results;
}

// `outputs`: None, an array, or a tuple of both.
Request request(const std::string& name, const py::sequence& inputs,
                const std::optional<py::dict>& attributes, const py::object& outputs) {
  if (outputs.is_none()) return {find_op(name), inputs, attributes, py::tuple()};
  const bool several = py::isinstance<py::tuple>(outputs);
  return {find_op(name), inputs, attributes,
          several ? py::tuple(outputs) : py::make_tuple(outputs)};
}

py::tuple run(const std::string& name, const py::sequence& inputs,
              const std::optional<py::dict>& attributes, const py::object& outputs) {
  const Request asked = request(name, inputs, attributes, outputs);
  Operands read(inputs.size());
  for (const py::handle input : inputs) add_operand(read, input, false);
  return execute(asked, std::move(read), device_table_of(asked));
}

// Whether kernels can write an array as it is, into memory that no input lies in.
bool is_apart(const py::handle& output, const Operands& read) {
  if (!is_exact(output)) return false;
  const auto array = py::reinterpret_borrow<py::array>(output);
  const TensorSpec spec = spec_of(array);
  if (!array.writeable() || (spec.dtype != DType::kFloat32 && spec.dtype != DType::kInt32)) {
    return false;
  }
  const auto address = [](const void* data) { return reinterpret_cast<uintptr_t>(data); };
  const auto end = [&](const void* data, const TensorSpec& of) {
    return address(data) + static_cast<uintptr_t>(of.bytes());
  };
  const void* const own = array.data();
  for (size_t i = 0; i < read.specs.size(); ++i) {
    const void* const other = read.data[i];
    if (address(other) < end(own, spec) && address(own) < end(other, read.specs[i])) return false;
  }
  return true;
}

// Runs the op where all of its operands are the host's arrays just as kernels take them, and None else: then
// the caller looks for symbols, devices, what to convert, and what is wrong.
py::object run_exact(const std::string& name, const py::sequence& inputs,
                     const std::optional<py::dict>& attributes, const py::object& outputs) {
  Operands read(inputs.size());
  for (const py::handle input : inputs) {
    if (!input.is_none() && !is_exact(input)) return py::none();
    add_operand(read, input, false);
  }
  const Request asked = request(name, inputs, attributes, outputs);
  for (const py::handle output : asked.outputs) {
    if (!output.is_none() && !is_apart(output, read)) return py::none();
  }
  return execute(asked, std::move(read), nullptr);
}

bool is_exact_float32(const py::handle& value) {
  return is_exact(value) && dtype_of(py::reinterpret_borrow<py::array>(value)) == DType::kFloat32;
}

}  // namespace

void register_eager(py::module_& m) {
  m.def("is_exact", &is_exact_float32, py::arg("value"),
        "Whether a value is an array that kernels can read as it is, in float32.");
  m.def(
      "run", &run, py::arg("op"), py::arg("inputs"), py::arg("attributes") = py::none(),
      py::arg("outputs") = py::none(),
      "Run one op on arrays and return its outputs, written into `outputs` where they are given.");
  m.def("run_exact", &run_exact, py::arg("op"), py::arg("inputs"),
        py::arg("attributes") = py::none(), py::arg("outputs") = py::none(),
        "The same where all operands are exact and no output overlaps an input; else None.");
}

}  // namespace brasa
