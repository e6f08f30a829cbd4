#include "ops/cast.h"

#include "ops/definitions.h"

namespace brasa {
namespace {

template <DType type>
void infer_cast(const Site& site, Call& call) {
  call.outputs = {{type, site.shape(0)}};
  call.set(site.shape(0).elements());
}

void run_float(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->cast_float(exec, call.get<int64_t>(), in<int32_t>(inputs, 0), out<float>(outputs, 0));
}

void run_int(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->cast_int(exec, call.get<int64_t>(), in<float>(inputs, 0), out<int32_t>(outputs, 0));
}

}  // namespace

std::vector<Op> cast_ops() {
  return {{"cast_float", {{"x", Accepts::kInt32}}, infer_cast<DType::kFloat32>, run_float},
          {"cast_int", {{"x"}}, infer_cast<DType::kInt32>, run_int}};
}

}  // namespace brasa
