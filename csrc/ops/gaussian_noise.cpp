#include "ops/gaussian_noise.h"

#include <cmath>

#include "ops/definitions.h"

namespace brasa {
namespace {

void infer_gaussian_noise(const Site& site, Call& call) {
  const double stddev = site.attributes.number("stddev", 1);
  const auto single = static_cast<float>(stddev);
  require(stddev >= 0 && std::isfinite(single), site.op,
          ": stddev must be >= 0 and finite in float32, got ", stddev);
  site.require_shape(1, {2});
  call.outputs = {site.inputs[0]};
  const int64_t count = site.shape(0).elements();
  call.flops = 60.0 * static_cast<double>(count);
  call.set(
      GaussianNoiseShape{count, single, static_cast<uint32_t>(site.attributes.integer("node", 0))});
}

void run_gaussian_noise(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->gaussian_noise(exec, call.get<GaussianNoiseShape>(), in<int64_t>(inputs, 1),
                             in<float>(inputs, 0), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> gaussian_noise_ops() {
  return {{"gaussian_noise",
           {{"x"}, {"state", Accepts::kInt64}},
           infer_gaussian_noise,
           run_gaussian_noise}};
}

}  // namespace brasa
