// Threads, implementations, and what this build is.
#include "backends.h"
#include "bindings/convert.h"
#include "bindings/register.h"
#include "core/cpu_features.h"
#include "core/parallel.h"

namespace brasa {
namespace {

std::vector<std::string> implementations() {
  std::vector<std::string> names;
  for (const OpTable* table : available_tables()) names.emplace_back(table->name);
  return names;
}

py::dict build_info() {
  py::dict info;
  info["version"] = BRASA_VERSION;
  info["compiler"] = __VERSION__;
  info["avx2"] = cpu_features().avx2;
  info["avx512"] = cpu_features().avx512;
  return info;
}

}  // namespace

void register_runtime(py::module_& m) {
  m.def("implementations", &implementations, "Tables that this machine can run, preferred first.");
  m.def("implementation", [] { return std::string(active_table().name); }, "The table in use.");
  m.def("lanes", [] { return active_table().lanes; }, "Images that share a vector in it.");
  m.def("force_implementation", &force_table, py::arg("name"),
        "Use one table; '' for the default.");
  m.def("thread_count", &thread_count, "Threads that ops and plans use.");
  m.def("set_thread_count", &set_thread_count, py::arg("threads"), "0 returns to the default.");
  m.def("cuda_reason", &cuda_reason, "Why CUDA cannot be used, in one sentence.");
  m.def("build_info", &build_info, "Version, compiler and instruction sets.");
}

}  // namespace brasa
