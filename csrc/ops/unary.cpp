#include "ops/unary.h"

#include <cmath>
#include <limits>

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Unary parse_clip(const Site& site) {
  const auto low = static_cast<float>(site.attributes.number("low", -kInf));
  const auto high = static_cast<float>(site.attributes.number("high", kInf));
  require(low <= high, site.op, ": low must be <= high, and neither NaN, got ", low, " and ", high);
  return {UnaryKind::kClip, low, high, 0};
}

Unary parse_power(const Site& site) {
  const double exponent = site.attributes.number("exponent", 1);
  require(std::isfinite(static_cast<float>(exponent)), site.op,
          ": the exponent must be finite in float32, got ", exponent);
  return {UnaryKind::kPower, 0, 0, exponent};
}

struct Name {
  const char* name;
  UnaryKind kind;
};

// Those without attributes.
constexpr Name kPlain[] = {
    {"abs", UnaryKind::kAbs},
    {"ceil", UnaryKind::kCeil},
    {"cos", UnaryKind::kCos},
    {"erf", UnaryKind::kErf},
    {"exp", UnaryKind::kExp},
    {"expm1", UnaryKind::kExpm1},
    {"floor", UnaryKind::kFloor},
    {"hard_sigmoid", UnaryKind::kHardSigmoid},
    {"hard_silu", UnaryKind::kHardSilu},
    {"log", UnaryKind::kLog},
    {"log1p", UnaryKind::kLog1p},
    {"mish", UnaryKind::kMish},
    {"reciprocal", UnaryKind::kReciprocal},
    {"relu6", UnaryKind::kRelu6},
    {"round", UnaryKind::kRound},
    {"rsqrt", UnaryKind::kRsqrt},
    {"sign", UnaryKind::kSign},
    {"sin", UnaryKind::kSin},
    {"softplus", UnaryKind::kSoftplus},
    {"softsign", UnaryKind::kSoftsign},
    {"sqrt", UnaryKind::kSqrt},
    {"square", UnaryKind::kSquare},
};

Unary parse_unary(const Site& site) {
  const std::string kind = site.attributes.text("kind", "");
  if (kind == "clip") return parse_clip(site);
  if (kind == "power") return parse_power(site);
  std::string known = "clip, power";
  for (const Name& plain : kPlain) {
    if (kind == plain.name) return {plain.kind, 0, 0, 0};
    known.append(", ").append(plain.name);
  }
  fail_value(site.op, ": kind must be one of ", known, ", got '", kind, "'");
}

// For each element: a division counts as 8, the polynomials of exp and log have about 20 operations, and
// power has both and low parts.
double flops_of(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::kExp:
    case UnaryKind::kExpm1:
    case UnaryKind::kLog:
    case UnaryKind::kLog1p:
    case UnaryKind::kCos:
    case UnaryKind::kSin: return 24;
    case UnaryKind::kErf:
    case UnaryKind::kMish: return 40;
    case UnaryKind::kSoftplus: return 48;
    case UnaryKind::kPower: return 80;
    case UnaryKind::kReciprocal:
    case UnaryKind::kRsqrt:
    case UnaryKind::kSoftsign:
    case UnaryKind::kSqrt: return 8;
    case UnaryKind::kHardSigmoid:
    case UnaryKind::kHardSilu: return 4;
    default: return 1;
  }
}

struct UnaryCall {
  int64_t count;
  Unary unary;
};

void infer_forward(const Site& site, Call& call) {
  const UnaryCall shape{site.shape(0).elements(), parse_unary(site)};
  call.outputs = {site.inputs[0]};
  call.flops = static_cast<double>(shape.count) * flops_of(shape.unary.kind);
  call.set(shape);
}

void infer_backward(const Site& site, Call& call) {
  site.require_shape(0, site.shape(1));
  infer_forward(site, call);
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<UnaryCall>();
  exec.table->unary_forward(exec, shape.count, shape.unary, in<float>(inputs, 0),
                            out<float>(outputs, 0));
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<UnaryCall>();
  exec.table->unary_backward(exec, shape.count, shape.unary, in<float>(inputs, 0),
                             in<float>(inputs, 1), out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> unary_ops() {
  return {{"unary", {{"x"}}, infer_forward, run_forward},
          {"unary_backward", {{"dy"}, {"known"}}, infer_backward, run_backward}};
}

}  // namespace brasa
