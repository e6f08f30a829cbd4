#include "ops/registry.h"

#include <algorithm>
#include <unordered_map>

#include "core/float_state.h"
#include "ops/definitions.h"

namespace brasa {
namespace {

bool matches(Accepts accepts, DType type) {
  switch (accepts) {
    case Accepts::kFloat32: return type == DType::kFloat32;
    case Accepts::kFloat64: return type == DType::kFloat64;
    case Accepts::kInt32: return type == DType::kInt32;
    case Accepts::kInt64: return type == DType::kInt64;
    case Accepts::kAny: return true;
  }
  return false;
}

const char* name_of(Accepts accepts) {
  switch (accepts) {
    case Accepts::kFloat32: return "float32";
    case Accepts::kFloat64: return "float64";
    case Accepts::kInt32: return "int32";
    case Accepts::kInt64: return "int64";
    case Accepts::kAny: return "any type";
  }
  return "";
}

const std::vector<Op>& ops() {
  static const std::vector<Op> all = [] {
    std::vector<Op> list;
    for (const auto& family :
         {activation_ops(),     batch_norm_ops(),   broadcast_ops(),  cast_ops(),
          clip_ops(),           conv2d_lanes_ops(), conv2d_ops(),     crop_flip_ops(),
          dropout_ops(),        elementwise_ops(),  embedding_ops(),  gather_ops(),
          gaussian_noise_ops(), group_norm_ops(),   gru_ops(),        lanes_ops(),
          layer_norm_ops(),     loss_ops(),         lstm_ops(),       mask_ops(),
          matmul_ops(),         metric_ops(),       optimizer_ops(),  penalty_ops(),
          pool2d_ops(),         reduce_ops(),       simple_rnn_ops(), softmax_ops(),
          transpose_ops(),      unary_ops(),        warp2d_ops()}) {
      list.insert(list.end(), family.begin(), family.end());
    }
    return list;
  }();
  return all;
}

const OperandRule& rule_of(const Op& op, size_t input) {
  return op.variadic ? op.inputs[0] : op.inputs[input];
}

void check_operands(const Op& op, const std::vector<TensorSpec>& inputs) {
  const bool count_fits = op.variadic ? !inputs.empty() : inputs.size() == op.inputs.size();
  require(count_fits, op.name, ": takes ", op.variadic ? "at least " : "",
          op.variadic ? 1 : op.inputs.size(), " inputs, got ", inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const OperandRule& rule = rule_of(op, i);
    if (!inputs[i].present) {
      require(rule.optional, op.name, ": ", rule.name, " is missing");
    } else if (!matches(rule.accepts, inputs[i].dtype)) {
      fail(ErrorKind::kType, op.name, ": ", rule.name, " must be ", name_of(rule.accepts), ", got ",
           name_of(inputs[i].dtype));
    }
    inputs[i].bytes();  // throws when the size overflows
  }
}

}  // namespace

bool Site::has(int input) const { return inputs[static_cast<size_t>(input)].present; }

void Site::require_rank(int input, int rank, const char* letters) const {
  const OperandRule& rule = rules[std::min(static_cast<size_t>(input), rules.size() - 1)];
  require(shape(input).rank() == rank, op, ": ", rule.name, " must have rank ", rank, " ", letters,
          ", got rank ", shape(input).rank(), " ", shape(input));
}

void Site::require_shape(int input, const Shape& wanted) const {
  const OperandRule& rule = rules[std::min(static_cast<size_t>(input), rules.size() - 1)];
  require(shape(input) == wanted, op, ": ", rule.name, " must have the shape ", wanted, ", got ",
          shape(input));
}

const Op& find_op(std::string_view name) {
  static const std::unordered_map<std::string_view, const Op*> by_name = [] {
    std::unordered_map<std::string_view, const Op*> index;
    for (const Op& op : ops()) index[op.name] = &op;
    return index;
  }();
  const auto found = by_name.find(name);
  require(found != by_name.end(), "there is no op named '", name, "'");
  return *found->second;
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const Op& op : ops()) names.emplace_back(op.name);
  return names;
}

Call prepare(const Op& op, const Attributes& attributes, const std::vector<TensorSpec>& inputs,
             const OpTable& table, int threads) {
  const FloatState state;  // shape rules round attributes to float32
  check_operands(op, inputs);
  if (table.runs != nullptr && !table.runs(op.name)) {
    fail(ErrorKind::kRuntime, op.name, ": there are no kernels for it in the table '", table.name,
         "' yet: ",
         table.device == nullptr ? "force another one"
                                 : "the model has to stay on the device 'cpu'");
  }
  Call call;
  op.infer(Site{op.name, op.inputs, attributes, inputs, table, threads}, call);
  for (const TensorSpec& output : call.outputs) output.bytes();
  return call;
}

double serial_nanoseconds(const Call& call, const std::vector<TensorSpec>& inputs) {
  // One core does about 60 flops in a nanosecond, and moves about 80 bytes: so little data lie in its
  // caches.
  double bytes = 0;
  for (const TensorSpec& spec : inputs) bytes += static_cast<double>(spec.bytes());
  for (const TensorSpec& spec : call.outputs) bytes += static_cast<double>(spec.bytes());
  return call.flops / 60 + bytes / 80;
}

}  // namespace brasa
