#include "ops/metric.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

Judged judged_of(const Site& site) {
  const std::string name = site.attributes.text("judged", "all");
  if (name == "predicted") return Judged::kPredicted;
  if (name == "wanted") return Judged::kWanted;
  require(name == "all", site.op, ": judged must be 'all', 'predicted' or 'wanted', got '", name,
          "'");
  return Judged::kAll;
}

void infer_accuracy(const Site& site, Call& call) {
  const Shape& pred = site.shape(0);
  require(pred.rank() >= 1, site.op, ": predictions must have rank 1 or more, got a scalar");
  const RowsShape rows = rows_of(pred);
  require(rows.rows >= 1 && rows.classes >= 1, site.op, ": predictions are empty, got ", pred);
  require(site.has(1) != site.has(2), site.op, ": give either labels or a dense target");
  if (site.has(1)) {
    require(site.shape(1).elements() == rows.rows, site.op, ": there are ", rows.rows,
            " predictions but labels of shape ", site.shape(1));
  } else {
    site.require_shape(2, pred);
  }
  if (site.has(3)) {
    require(site.shape(3).elements() == rows.rows, site.op, ": mask must have ", rows.rows,
            " entries, got ", site.shape(3));
  }
  const bool binary = site.attributes.flag("binary");
  require(!binary || site.has(2), site.op,
          ": binary accuracy takes a target of the predictions' shape");
  const int64_t top = site.attributes.integer("top", 1);
  require(top >= 1, site.op, ": top must be 1 or more, got ", top);
  const Judged judged = judged_of(site);
  require(judged == Judged::kAll || binary, site.op, ": precision and recall are binary");
  call.outputs = {{DType::kFloat32, Shape{}}, {DType::kFloat64, Shape{}}};
  call.workspace = metric_workspace(rows.rows);
  call.flops = static_cast<double>(pred.elements());
  call.set(AccuracyShape{rows.rows, rows.classes, binary,
                         static_cast<float>(site.attributes.number("threshold", 0.5)), top,
                         judged});
}

void run_accuracy(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const AccuracyTarget target{in<int32_t>(inputs, 1), in<float>(inputs, 2), in<float>(inputs, 3)};
  exec.table->accuracy(exec, call.get<AccuracyShape>(), in<float>(inputs, 0), target,
                       out<float>(outputs, 0), out<double>(outputs, 1));
}

void infer_accumulate(const Site& site, Call& call) {
  site.require_shape(0, Shape{});
  if (site.has(1)) site.require_shape(1, Shape{});
  call.outputs = {{DType::kFloat64, {2}}};
  call.set(site.attributes.number("count", 1));
}

void run_accumulate(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->accumulate(exec, call.get<double>(), in<double>(inputs, 1), in<float>(inputs, 0),
                         out<double>(outputs, 0));
}

}  // namespace

std::vector<Op> metric_ops() {
  return {{"accuracy",
           {{"predictions"},
            {"labels", Accepts::kInt32, true},
            {"target", Accepts::kFloat32, true},
            {"mask", Accepts::kFloat32, true}},
           infer_accuracy,
           run_accuracy},
          {"accumulate",
           {{"value"}, {"count", Accepts::kFloat64, true}},
           infer_accumulate,
           run_accumulate,
           /*variadic=*/false,
           /*in_place=*/true}};
}

}  // namespace brasa
