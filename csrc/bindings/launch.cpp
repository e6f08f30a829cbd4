#include "bindings/launch.h"

#include <optional>

#include "bindings/device_array.h"
#include "core/parallel.h"
#include "core/staging.h"
#include "core/team_choice.h"

namespace brasa {
namespace {

void launch(Launch& work, int threads) {
  run_team(
      threads,
      [](void* context, int thread, int team_size, Team* team) {
        const Launch& l = *static_cast<const Launch*>(context);
        Exec exec{&l.table, thread, team_size, team, l.scratch};
        if (l.table.device != nullptr) exec.stream = l.table.device->stream;
        l.op.run(exec, l.call, l.inputs.data.data(), l.outputs.data.data());
      },
      &work);
}

std::vector<bool> lie_on_device(const py::sequence& operands) {
  std::vector<bool> result;
  for (const py::handle operand : operands) result.push_back(as_device_array(operand) != nullptr);
  return result;
}

}  // namespace

void launch_on_device(Launch& work, const py::sequence& inputs, const py::tuple& results) {
  const std::vector<bool> read_there = lie_on_device(inputs),
                          written_there = lie_on_device(results);
  const py::gil_scoped_release unlocked;
  const std::lock_guard<std::mutex> alone(device_lock());
  const Device& device = *work.table.device;
  Staging staging(device);
  const auto stage = [&](Operands& operands, const std::vector<bool>& there, bool written) {
    for (size_t i = 0; i < there.size(); ++i) {
      if (there[i]) continue;
      operands.data[i] = staging.stage(operands.data[i], operands.specs[i].bytes(), written);
    }
  };
  stage(work.inputs, read_there, false);
  stage(work.outputs, written_there, true);
  work.scratch = static_cast<char*>(staging.scratch(work.call.workspace));
  if (device.catch_up != nullptr) check_device(device.catch_up());
  launch(work, 1);
  staging.finish();
}

void launch_here(Launch& work, int threads) {
  // Where it takes longer than this, others may run Python meanwhile: the lock costs two turns.
  constexpr double kBrief = 2000;
  const double nanoseconds = serial_nanoseconds(work.call, work.inputs.specs);
  std::optional<py::gil_scoped_release> unlocked;
  if (nanoseconds > kBrief) unlocked.emplace();
  launch(work, team_for(nanoseconds, threads));
}

}  // namespace brasa
