#include "ops/activation.h"

#include <cmath>

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {

namespace {

Activation parse_elu(const Site& site) {
  const double alpha = site.attributes.number("alpha", 1.0);
  const auto rounded = static_cast<float>(alpha);
  require(rounded > 0 && std::isnormal(rounded), site.op,
          ": alpha must be finite and > 0 (2^-126 at least), got ", alpha);
  return {ActivationKind::kElu, rounded};
}

}  // namespace

Activation parse_activation(const Site& site) {
  const std::string name = site.attributes.text("activation", "linear");
  const auto alpha = static_cast<float>(site.attributes.number("negative_slope", 0.0));
  require(alpha >= 0, site.op, ": negative_slope must be >= 0, got ", alpha);
  if (name == "linear") return {ActivationKind::kNone, 0};
  if (name == "relu") return {ActivationKind::kRelu, 0};
  if (name == "leaky_relu") return {ActivationKind::kLeakyRelu, alpha};
  if (name == "elu") return parse_elu(site);
  if (name == "sigmoid") return {ActivationKind::kSigmoid, 0};
  if (name == "tanh") return {ActivationKind::kTanh, 0};
  if (name == "gelu") return {ActivationKind::kGelu, 0};
  if (name == "gelu_tanh") return {ActivationKind::kGeluTanh, 0};
  if (name == "silu") return {ActivationKind::kSilu, 0};
  fail_value(
      site.op,
      ": activation must be linear, relu, leaky_relu, elu, sigmoid, tanh, gelu, gelu_tanh or "
      "silu, got '",
      name, "'");
}

double activation_flops(Activation activation) {
  // The exponential of elu, sigmoid, tanh and silu is a polynomial of about 20 operations; gelu has two
  // more polynomials of 10 together.
  switch (activation.kind) {
    case ActivationKind::kElu:
    case ActivationKind::kSigmoid:
    case ActivationKind::kTanh:
    case ActivationKind::kGeluTanh:
    case ActivationKind::kSilu: return 24;
    case ActivationKind::kGelu: return 48;
    default: return 1;
  }
}

namespace {

struct ActivationCall {
  int64_t count;
  Activation activation;
};

void infer_forward(const Site& site, Call& call) {
  const ActivationCall shape{site.shape(0).elements(), parse_activation(site)};
  call.outputs = {site.inputs[0]};
  call.flops = static_cast<double>(shape.count) * activation_flops(shape.activation);
  call.set(shape);
}

void infer_backward(const Site& site, Call& call) {
  site.require_shape(0, site.shape(1));
  infer_forward(site, call);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<ActivationCall>();
  exec.table->activation_forward(exec, shape.count, shape.activation, in<float>(inputs, 0),
                                 out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<ActivationCall>();
  exec.table->activation_backward(exec, shape.count, shape.activation, in<float>(inputs, 0),
                                  in<float>(inputs, 1), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> activation_ops() {
  return {{"activation", {{"x"}}, infer_forward, run_forward},
          {"activation_backward", {{"dy"}, {"y"}}, infer_backward, run_backward}};
}

}  // namespace brasa
