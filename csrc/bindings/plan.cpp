// Compiled plans. A step comes as (op, name, attributes, inputs, outputs); an operand as (segment,
// offset, dtype, shape) or None.
#include "plan/plan.h"

#include "backends.h"
#include "bindings/convert.h"
#include "bindings/register.h"
#include "core/parallel.h"

namespace brasa {
namespace {

std::vector<BufferRef> refs_from(const py::handle& operands) {
  std::vector<BufferRef> refs;
  for (const py::handle operand : operands) {
    BufferRef ref;
    if (operand.is_none()) {
      ref.spec.present = false;
    } else {
      const auto parts = operand.cast<py::tuple>();
      ref.segment = parts[0].cast<int>();
      ref.offset = parts[1].cast<int64_t>();
      ref.spec = to_spec(py::make_tuple(parts[2], parts[3]));
    }
    refs.push_back(ref);
  }
  return refs;
}

std::unique_ptr<Plan> make_plan(const py::sequence& steps, int64_t arena_bytes,
                                std::vector<int64_t> segment_bytes, int constant_steps) {
  std::vector<StepSpec> specs;
  for (const py::handle step : steps) {
    const auto parts = step.cast<py::tuple>();
    specs.push_back({parts[0].cast<std::string>(), parts[1].cast<std::string>(),
                     to_attributes(parts[2].cast<py::dict>()), refs_from(parts[3]),
                     refs_from(parts[4])});
  }
  return std::make_unique<Plan>(specs, arena_bytes, std::move(segment_bytes), active_table(),
                                thread_count(), constant_steps);
}

std::vector<void*> addresses(const Plan& plan, const py::sequence& segments) {
  const auto& wanted = plan.segment_bytes();
  require(segments.size() == wanted.size(), "plan: needs ", wanted.size(), " segments, got ",
          segments.size());
  std::vector<void*> result;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const py::array array = to_array(segments[i]);
    require(array.nbytes() >= wanted[i], "plan: segment ", i + 1, " needs ", wanted[i],
            " bytes, got ", array.nbytes());
    result.push_back(data_of(array, plan.segment_written()[i]));
  }
  return result;
}

void run(Plan& plan, const py::sequence& segments) {
  const std::vector<void*> bound = addresses(plan, segments);
  const py::gil_scoped_release unlocked;
  plan.run(bound);
}

void prepare_plan(Plan& plan, const py::sequence& segments) {
  const std::vector<void*> bound = addresses(plan, segments);
  const py::gil_scoped_release unlocked;
  plan.prepare(bound);
}

void profile(Plan& plan, const py::sequence& segments) {
  const std::vector<void*> bound = addresses(plan, segments);
  const py::gil_scoped_release unlocked;
  plan.profile(bound);
}

py::list steps(const Plan& plan) {
  py::list list;
  for (const Plan::StepInfo& step : plan.steps()) {
    py::dict entry;
    entry["name"] = step.name;
    entry["op"] = step.op;
    entry["flops"] = step.flops;
    entry["bytes"] = step.bytes;
    entry["threads"] = step.threads;
    entry["seconds"] = step.seconds;
    list.append(entry);
  }
  return list;
}

}  // namespace

void register_plan(py::module_& m) {
  py::class_<Plan>(m, "Plan", "A flat list of op calls over one arena, run in one call.")
      .def(py::init(&make_plan), py::arg("steps"), py::arg("arena_bytes"), py::arg("segment_bytes"),
           py::arg("constant_steps") = 0)
      .def("run", &run, py::arg("segments"),
           "Run all steps but the constant ones; segments are the arrays bound to them.")
      .def(
          "prepare", &prepare_plan, py::arg("segments"),
          "Run the constant steps: before the first run, and after an input of theirs has changed.")
      .def("profile", &profile, py::arg("segments"), "Like run, and time each step (see steps()).")
      .def("steps", &steps,
           "Name, op, flops, bytes, threads and last profiled seconds of each step.")
      .def_property_readonly("arena_bytes", &Plan::arena_bytes,
                             "Bytes of the arena, scratch included.")
      .def_property_readonly("constant_steps", &Plan::constant_steps,
                             "How many steps, the first ones, prepare runs.")
      .def_property_readonly("scratch_bytes", &Plan::scratch_bytes,
                             "Bytes of scratch in the arena.");
}

}  // namespace brasa
