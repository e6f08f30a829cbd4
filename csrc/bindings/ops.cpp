// Eager execution: one op, now.
#include "backends.h"
#include "bindings/device_array.h"
#include "bindings/register.h"
#include "core/arena.h"
#include "core/parallel.h"
#include "core/staging.h"
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

// The memory of an operand; on_device: that of the table's device.
struct Operand {
  void* data = nullptr;
  bool on_device = false;
};

struct Launch {
  const Op& op;
  const Call& call;
  const OpTable& table;
  char* scratch;
  std::vector<Operand> inputs, outputs;
};

std::vector<void*> addresses(const std::vector<Operand>& operands) {
  std::vector<void*> result;
  for (const Operand& operand : operands) result.push_back(operand.data);
  return result;
}

void launch(const Launch& launch, int threads) {
  struct Bound {
    const Launch& launch;
    std::vector<void*> inputs, outputs;
  } bound{launch, addresses(launch.inputs), addresses(launch.outputs)};
  run_team(
      threads,
      [](void* context, int thread, int team_size, Team* team) {
        const Bound& b = *static_cast<Bound*>(context);
        const Launch& l = b.launch;
        Exec exec{&l.table, thread, team_size, team, l.scratch};
        if (l.table.device != nullptr) exec.stream = l.table.device->stream;
        l.op.run(exec, l.call, b.inputs.data(), b.outputs.data());
      },
      &bound);
}

// The same in a device's memory: what goes in from the host is copied there, what comes out to the host
// is copied back.
void launch_on_device(const Launch& host, const std::vector<TensorSpec>& specs) {
  const std::lock_guard<std::mutex> alone(device_lock());
  const Device& device = *host.table.device;
  Staging staging(device);
  Launch there = host;
  const auto stage = [&](Operand& operand, int64_t bytes, bool written) {
    if (!operand.on_device) operand.data = staging.stage(operand.data, bytes, written);
  };
  for (size_t i = 0; i < specs.size(); ++i) stage(there.inputs[i], specs[i].bytes(), false);
  for (size_t i = 0; i < host.outputs.size(); ++i) {
    stage(there.outputs[i], host.call.outputs[i].bytes(), true);
  }
  there.scratch = static_cast<char*>(staging.scratch(host.call.workspace));
  if (device.catch_up != nullptr) check_device(device.catch_up());
  launch(there, 1);
  staging.finish();
}

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

TensorSpec spec_of_operand(const py::handle& object) {
  if (object.is_none()) return TensorSpec{DType::kFloat32, {}, false};
  const DeviceArray* const there = as_device_array(object);
  return there != nullptr ? there->spec() : spec_of(to_array(object));
}

Operand operand_of(const py::handle& object, bool written) {
  if (object.is_none()) return {};
  if (const DeviceArray* there = as_device_array(object)) return {there->data(), true};
  return {data_of(to_array(object), written), false};
}

// Where a device's array is among the operands, the op runs there, and so does what it gives.
const OpTable* device_table_of(const Op& op, const py::sequence& inputs, const py::tuple& given) {
  const OpTable* table = nullptr;
  const auto look_at = [&](const py::handle& operand) {
    const DeviceArray* const there = as_device_array(operand);
    if (there == nullptr) return;
    require(table == nullptr || table == &there->table(), op.name,
            ": the operands are on different devices");
    table = &there->table();
  };
  for (const py::handle input : inputs) look_at(input);
  for (const py::handle output : given) look_at(output);
  return table;
}

py::object output_for(const Op& op, const TensorSpec& wanted, const py::handle& given,
                      const OpTable* device) {
  if (given.is_none()) {
    require(!op.in_place, op.name, ": updates its outputs in place: they must be given");
    if (device != nullptr) return py::cast(DeviceArray(*device, wanted));
    return empty_array(wanted);
  }
  const TensorSpec spec = spec_of_operand(given);
  require(spec.shape == wanted.shape, op.name, ": an output must have the shape ", wanted.shape,
          ", got ", spec.shape);
  if (spec.dtype != wanted.dtype) {
    fail(ErrorKind::kType, op.name, ": an output must be ", name_of(wanted.dtype), ", got ",
         name_of(spec.dtype));
  }
  return py::reinterpret_borrow<py::object>(given);
}

py::tuple run(const std::string& name, const py::sequence& inputs, const py::dict& attributes,
              const py::object& outputs) {
  const Op& op = find_op(name);
  const auto given = outputs.is_none() ? py::tuple() : outputs.cast<py::tuple>();
  const OpTable* const there = device_table_of(op, inputs, given);
  const OpTable& table = there != nullptr ? *there : active_table();
  const int threads = thread_count();
  std::vector<TensorSpec> specs;
  for (const py::handle input : inputs) specs.push_back(spec_of_operand(input));
  const Call call = prepare(op, to_attributes(attributes), specs, table, threads);
  if (there == nullptr) check_memory(op, call, !outputs.is_none());
  const Arena scratch(table.device != nullptr ? 0 : call.workspace);
  Launch work{op, call, table, scratch.data(), {}, {}};
  for (const py::handle input : inputs) work.inputs.push_back(operand_of(input, false));
  require(given.empty() || given.size() == call.outputs.size(), name, ": needs ",
          call.outputs.size(), " outputs, got ", given.size());
  py::tuple results(call.outputs.size());
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    const py::object wanted = given.empty() ? py::none() : py::object(given[i]);
    py::object result = output_for(op, call.outputs[i], wanted, there);
    work.outputs.push_back(operand_of(result, true));
    results[i] = std::move(result);
  }
  {
    const py::gil_scoped_release unlocked;
    table.device != nullptr ? launch_on_device(work, specs)
                            : launch(work, team_for(serial_nanoseconds(call, specs), threads));
  }
  return results;
}

}  // namespace

void register_ops(py::module_& m) {
  m.def("all_below", &all_below, py::arg("array"), py::arg("limit"),
        "Whether all numbers of an int32 or int64 array are in [0, limit).");
  m.def("op_names", &op_names, "Names of all ops.");
  m.def("infer", &infer, py::arg("op"), py::arg("inputs"), py::arg("attributes"),
        "Dtype and shape of each output of an op, from (dtype, shape) of each input or None.");
  m.def(
      "run", &run, py::arg("op"), py::arg("inputs"), py::arg("attributes"),
      py::arg("outputs") = py::none(),
      "Run one op on arrays and return its outputs, written into `outputs` where they are given.");
}

}  // namespace brasa
