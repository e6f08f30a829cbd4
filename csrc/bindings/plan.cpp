// Compiled plans. A step comes as (op, name, attributes, inputs, outputs); an operand as (segment,
// offset, dtype, shape) or None.
#include "plan/plan.h"

#include "backends.h"
#include "bindings/device_array.h"
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

Binding binding_of(const Plan& plan, size_t segment, const py::handle& object) {
  const int64_t wanted = plan.segment_bytes()[segment];
  const auto check = [&](int64_t bytes) {
    require(bytes >= wanted, "plan: segment ", segment + 1, " needs ", wanted, " bytes, got ",
            bytes);
  };
  if (const DeviceArray* there = as_device_array(object)) {
    require(&there->device() == plan.table().device, "plan: segment ", segment + 1,
            " is on the device '", there->device().name, "', the plan is not");
    check(there->bytes());
    return {there->data(), true};
  }
  const py::array array = to_array(object);
  check(array.nbytes());
  return {data_of(array, plan.segment_written()[segment])};
}

std::vector<Binding> bindings_of(const Plan& plan, const py::sequence& segments) {
  const size_t wanted = plan.segment_bytes().size();
  require(segments.size() == wanted, "plan: needs ", wanted, " segments, got ", segments.size());
  std::vector<Binding> result;
  for (size_t i = 0; i < wanted; ++i) result.push_back(binding_of(plan, i, segments[i]));
  return result;
}

void run(Plan& plan, const py::sequence& segments) {
  const std::vector<Binding> bound = bindings_of(plan, segments);
  const py::gil_scoped_release unlocked;
  plan.run(bound);
}

void prepare_plan(Plan& plan, const py::sequence& segments) {
  const std::vector<Binding> bound = bindings_of(plan, segments);
  const py::gil_scoped_release unlocked;
  plan.prepare(bound);
}

void profile(Plan& plan, const py::sequence& segments) {
  const std::vector<Binding> bound = bindings_of(plan, segments);
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
      .def("reserve", &Plan::reserve, py::arg("of_host"),
           "Allocate the places on the device of the segments that will be arrays of the host.")
      .def("profile", &profile, py::arg("segments"), "Like run, and time each step (see steps()).")
      .def("steps", &steps,
           "Name, op, flops, bytes, threads and last profiled seconds of each step.")
      .def_property_readonly("arena_bytes", &Plan::arena_bytes,
                             "Bytes of the arena, scratch included.")
      .def_property_readonly("constant_steps", &Plan::constant_steps,
                             "How many steps, the first ones, prepare runs.")
      .def_property_readonly("replays", &Plan::replays,
                             "How many runs replayed a graph of the device.")
      .def_property_readonly("capture_failure", &Plan::capture_failure,
                             "Why the steps could not be captured; empty if nothing failed.")
      .def_property_readonly("captures", &Plan::captures, "How many graphs were captured.")
      .def_property_readonly("staged_bytes", &Plan::staged_bytes,
                             "Bytes on the device for segments of the host.")
      .def_property_readonly("scratch_bytes", &Plan::scratch_bytes,
                             "Bytes of scratch in the arena.");
}

}  // namespace brasa
