// Eager execution: one op, now.
#include "backends.h"
#include "bindings/convert.h"
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

struct Launch {
  const Op& op;
  const Call& call;
  const OpTable& table;
  char* scratch;
  std::vector<void*> inputs, outputs;
};

void launch(Launch& launch, int threads) {
  run_team(
      threads,
      [](void* context, int thread, int team_size, Team* team) {
        const Launch& l = *static_cast<Launch*>(context);
        Exec exec{&l.table, thread, team_size, team, l.scratch};
        if (l.table.device != nullptr) exec.stream = l.table.device->stream;
        l.op.run(exec, l.call, l.inputs.data(), l.outputs.data());
      },
      &launch);
}

// The same in a device's memory: what goes in is copied there, what comes out is copied back.
void launch_on_device(const Launch& host, const std::vector<TensorSpec>& specs) {
  Staging staging(*host.table.device);
  Launch there = host;
  for (size_t i = 0; i < specs.size(); ++i) {
    there.inputs[i] = staging.stage(host.inputs[i], specs[i].bytes(), false);
  }
  for (size_t i = 0; i < host.outputs.size(); ++i) {
    there.outputs[i] = staging.stage(host.outputs[i], host.call.outputs[i].bytes(), true);
  }
  there.scratch = static_cast<char*>(staging.scratch(host.call.workspace));
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

py::array output_array(const Op& op, const TensorSpec& wanted, const py::handle& given) {
  if (given.is_none()) {
    require(!op.in_place, op.name, ": updates its outputs in place: they must be given");
    return empty_array(wanted);
  }
  py::array array = to_array(given);
  const TensorSpec spec = spec_of(array);
  require(spec.shape == wanted.shape, op.name, ": an output must have the shape ", wanted.shape,
          ", got ", spec.shape);
  if (spec.dtype != wanted.dtype) {
    fail(ErrorKind::kType, op.name, ": an output must be ", name_of(wanted.dtype), ", got ",
         name_of(spec.dtype));
  }
  return array;
}

py::tuple run(const std::string& name, const py::sequence& inputs, const py::dict& attributes,
              const py::object& outputs) {
  const Op& op = find_op(name);
  const OpTable& table = active_table();
  const int threads = thread_count();
  std::vector<TensorSpec> specs;
  for (const py::handle input : inputs) {
    specs.push_back(input.is_none() ? TensorSpec{DType::kFloat32, {}, false}
                                    : spec_of(to_array(input)));
  }
  const Call call = prepare(op, to_attributes(attributes), specs, table, threads);
  check_memory(op, call, !outputs.is_none());
  const Arena scratch(call.workspace);
  Launch work{op, call, table, scratch.data(), {}, {}};
  for (const py::handle input : inputs) {
    work.inputs.push_back(input.is_none() ? nullptr : data_of(to_array(input), false));
  }
  const auto given = outputs.is_none() ? py::tuple() : outputs.cast<py::tuple>();
  require(given.empty() || given.size() == call.outputs.size(), name, ": needs ",
          call.outputs.size(), " outputs, got ", given.size());
  py::tuple results(call.outputs.size());
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    const py::object wanted = given.empty() ? py::none() : py::object(given[i]);
    py::array result = output_array(op, call.outputs[i], wanted);
    work.outputs.push_back(data_of(result, true));
    results[i] = std::move(result);
  }
  {
    const py::gil_scoped_release unlocked;
    table.device != nullptr ? launch_on_device(work, specs)
                            : launch(work, team_for(call, specs, threads));
  }
  return results;
}

}  // namespace

void register_ops(py::module_& m) {
  m.def("op_names", &op_names, "Names of all ops.");
  m.def("infer", &infer, py::arg("op"), py::arg("inputs"), py::arg("attributes"),
        "Dtype and shape of each output of an op, from (dtype, shape) of each input or None.");
  m.def(
      "run", &run, py::arg("op"), py::arg("inputs"), py::arg("attributes"),
      py::arg("outputs") = py::none(),
      "Run one op on arrays and return its outputs, written into `outputs` where they are given.");
}

}  // namespace brasa
