#include "ops/loss.h"

#include <limits>

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

LossKind parse_kind(const Site& site) {
  const std::string kind = site.attributes.text("kind", "");
  if (kind == "softmax_cross_entropy") return LossKind::kSoftmaxCrossEntropy;
  if (kind == "cross_entropy") return LossKind::kCrossEntropy;
  if (kind == "binary_cross_entropy_logits") return LossKind::kBinaryCrossEntropyLogits;
  if (kind == "binary_cross_entropy") return LossKind::kBinaryCrossEntropy;
  if (kind == "mean_squared_error") return LossKind::kMeanSquaredError;
  if (kind == "mean_absolute_error") return LossKind::kMeanAbsoluteError;
  if (kind == "huber") return LossKind::kHuber;
  fail_value(site.op, ": there is no loss of kind '", kind, "'");
}

// The kernels take smaller numbers than float32's least normal one for 0.
float parse_delta(const Site& site) {
  using Limits = std::numeric_limits<float>;
  const double delta = site.attributes.number("delta", 1.0);
  require(delta >= double{Limits::min()} && delta <= double{Limits::max()}, site.op,
          ": delta must be > 0 and finite in float32, got ", delta);
  return static_cast<float>(delta);
}

bool categorical(LossKind kind) {
  return kind == LossKind::kSoftmaxCrossEntropy || kind == LossKind::kCrossEntropy;
}

// Labels have the shape of the predictions without the last axis, dense targets the whole of it.
void check_target(const Site& site, const Shape& pred, LossKind kind) {
  require(site.has(1) != site.has(2), site.op, ": give either labels or a dense target");
  if (site.has(2)) return site.require_shape(2, pred);
  require(categorical(kind), site.op, ": this loss takes a target of the predictions' shape ", pred,
          ", not integer labels");
  Shape wanted;
  for (int axis = 0; axis < pred.rank() - 1; ++axis) wanted.append(pred[axis]);
  site.require_shape(1, wanted);
}

void infer_loss(const Site& site, Call& call) {
  const Shape& pred = site.shape(0);
  require(pred.rank() >= 1, site.op, ": predictions must have rank 1 or more, got a scalar");
  const RowsShape rows = rows_of(pred);
  require(rows.classes >= 1, site.op, ": predictions need at least one class, got ", pred);
  require(rows.rows >= 1, site.op, ": the mean over a batch of 0 is not defined, got ", pred);
  LossShape shape{rows.rows, rows.classes, parse_kind(site)};
  if (shape.kind == LossKind::kHuber) shape.delta = parse_delta(site);
  check_target(site, pred, shape.kind);
  if (site.has(3)) {
    require(site.shape(3).elements() == rows.rows, site.op, ": sample_weight must have ", rows.rows,
            " entries, got ", site.shape(3));
  }
  call.outputs = {{DType::kFloat32, Shape{}}, {DType::kFloat32, pred}};
  call.workspace = loss_workspace(rows.rows);
  call.flops = 30.0 * static_cast<double>(pred.elements());
  call.set(shape);
}

void run_loss(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const LossTarget target{in<int32_t>(inputs, 1), in<float>(inputs, 2), in<float>(inputs, 3)};
  exec.table->loss(exec, call.get<LossShape>(), in<float>(inputs, 0), target,
                   out<float>(outputs, 0), out<float>(outputs, 1));
}

}  // namespace

std::vector<Op> loss_ops() {
  return {{"loss",
           {{"predictions"},
            {"labels", Accepts::kInt32, true},
            {"target", Accepts::kFloat32, true},
            {"sample_weight", Accepts::kFloat32, true}},
           infer_loss,
           run_loss}};
}

}  // namespace brasa
