// Threads, implementations, and what this build is.
#include "backends.h"
#include "bindings/convert.h"
#include "bindings/register.h"
#include "core/cpu_features.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/winograd.h"

namespace brasa {
namespace {

std::vector<std::string> implementations() {
  std::vector<std::string> names;
  for (const OpTable* table : available_tables()) names.emplace_back(table->name);
  return names;
}

bool runs(const std::string& op) {
  const OpTable& table = active_table();
  if (op == "conv2d_pack" && table.conv2d_pack == nullptr) return false;
  return table.runs == nullptr || table.runs(op.c_str());
}

py::dict build_info() {
  py::dict info;
  info["version"] = BRASA_VERSION;
  info["compiler"] = __VERSION__;
  info["avx2"] = cpu_features().avx2;
  info["avx512"] = cpu_features().avx512;
  info["amx"] = cpu_features().amx;
  const ReducedProducts* reduced = active_table().reduced;
  info["bf16"] = reduced == nullptr ? "" : reduced->by;
  return info;
}

std::vector<std::string> precisions() {
  const int count = active_table().reduced == nullptr ? 1 : 3;
  return {kPrecisionNames, kPrecisionNames + count};
}

constexpr const char* kWinogradNames[] = {"never", "auto", "always"};

std::string winograd_choice() { return kWinogradNames[static_cast<int>(winograd())]; }

void choose_winograd(const std::string& name) {
  for (int i = 0; i < 3; ++i) {
    if (name == kWinogradNames[i]) return set_winograd(static_cast<Winograd>(i));
  }
  require(false, "set_winograd: the choice must be 'never', 'auto' or 'always', got '", name, "'");
}

}  // namespace

void register_runtime(py::module_& m) {
  m.def("implementations", &implementations, "Tables that this machine can run, preferred first.");
  m.def("implementation", [] { return std::string(active_table().name); }, "The table in use.");
  m.def("precisions", &precisions, "Of products, in the table in use.");
  m.def(
      "precision_lacks", [] { return std::string(active_table().reduced_lacks); },
      "What is missing where there is float32 alone.");
  m.def("lanes", [] { return active_table().lanes; }, "Images that share a vector in it.");
  m.def("runs", &runs, py::arg("op"), "Whether the table in use has kernels for an op.");
  m.def("force_implementation", &force_table, py::arg("name"),
        "Use one table; '' for the default.");
  m.def("thread_count", &thread_count, "Threads that ops and plans use.");
  m.def("set_thread_count", &set_thread_count, py::arg("threads"), "0 returns to the default.");
  m.def("winograd", &winograd_choice, "'never', 'auto' or 'always'.");
  m.def("set_winograd", &choose_winograd, py::arg("choice"),
        "For what is prepared from now on: 'never', 'auto' or 'always'.");
  m.def("cuda_reason", &cuda_reason, "Why CUDA cannot be used, in one sentence.");
  m.def("build_info", &build_info, "Version, compiler and instruction sets.");
}

}  // namespace brasa
