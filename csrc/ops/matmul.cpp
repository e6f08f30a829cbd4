#include "ops/matmul.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

struct Matrix {
  int64_t rows, columns;
};

Matrix matrix_of(const Shape& shape, bool transposed) {
  const int64_t rows = shape[shape.rank() - 2], columns = shape[shape.rank() - 1];
  return transposed ? Matrix{columns, rows} : Matrix{rows, columns};
}

void require_matrix(const Site& site, int input) {
  require(site.shape(input).rank() >= 2, site.op, ": ", site.rules[static_cast<size_t>(input)].name,
          " must have rank 2 or more, got ", site.shape(input));
}

// (..., m, k) @ (k, n): all leading axes are rows of one product. (..., m, k) @ (..., k, n): one
// product for each entry of the leading axes, which must agree.
void infer_matmul(const Site& site, Call& call) {
  require_matrix(site, 0);
  require_matrix(site, 1);
  const Shape &a = site.shape(0), &b = site.shape(1);
  MatmulShape s{};
  s.transpose_a = site.attributes.flag("transpose_a");
  s.transpose_b = site.attributes.flag("transpose_b");
  s.write = site.write();
  s.activation = parse_activation(site);
  s.precision = parse_precision(site);
  const Matrix left = matrix_of(a, s.transpose_a), right = matrix_of(b, s.transpose_b);
  require(left.columns == right.rows, site.op, ": the inner sizes differ: a is ", a,
          s.transpose_a ? " transposed" : "", ", b is ", b, s.transpose_b ? " transposed" : "",
          ", so ", left.columns, " meets ", right.rows);
  s.m = left.rows, s.k = left.columns, s.n = right.columns;
  s.batch = a.elements(0, a.rank() - 2);
  s.a_step = a.elements(a.rank() - 2, a.rank());

  Shape y;
  for (int axis = 0; axis < a.rank() - 2; ++axis) y.append(a[axis]);
  y.append(s.m);
  y.append(s.n);
  if (b.rank() > 2) {
    bool leading_agree = a.rank() == b.rank();
    for (int axis = 0; leading_agree && axis < a.rank() - 2; ++axis)
      leading_agree = a[axis] == b[axis];
    require(leading_agree, site.op, ": the leading axes must agree, got a ", a, " and b ", b);
    s.b_step = b.elements(b.rank() - 2, b.rank());
  } else if (!s.transpose_a) {
    s.m *= s.batch;
    s.batch = 1;
  }
  if (site.has(2)) site.require_shape(2, {s.n});
  call.outputs = {{DType::kFloat32, y}};
  call.outputs[0].bytes();
  call.flops = 2.0 * static_cast<double>(s.batch * s.m) * static_cast<double>(s.n * s.k);
  const auto workspace = kernel_of(site.table, s.precision, &OpTable::matmul_workspace,
                                   &ReducedProducts::matmul_workspace);
  call.workspace = workspace(s, site.threads);
  call.set(s);
}

void run_matmul(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<MatmulShape>();
  const auto matmul =
      kernel_of(*exec.table, s.precision, &OpTable::matmul, &ReducedProducts::matmul);
  matmul(exec, s, in<float>(inputs, 0), in<float>(inputs, 1), in<float>(inputs, 2),
         out<float>(outputs, 0));
}

struct BiasGradientShape {
  int64_t rows, columns;
  Write write;
};

void infer_bias_gradient(const Site& site, Call& call) {
  require(site.shape(0).rank() >= 1, site.op, ": dy must have rank 1 or more, got a scalar");
  const RowsShape rows = rows_of(site.shape(0));
  call.outputs = {{DType::kFloat32, {rows.classes}}};
  call.flops = static_cast<double>(site.shape(0).elements());
  call.workspace = site.table.bias_gradient_workspace(rows.rows, rows.classes);
  call.set(BiasGradientShape{rows.rows, rows.classes, site.write()});
}

void run_bias_gradient(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<BiasGradientShape>();
  exec.table->bias_gradient(exec, s.rows, s.columns, s.write, in<float>(inputs, 0),
                            out<float>(outputs, 0));
}

}  // namespace

RowsShape rows_of(const Shape& shape) {
  return {shape.elements(0, shape.rank() == 0 ? 0 : shape.rank() - 1), shape.last()};
}

std::vector<Op> matmul_ops() {
  return {{"matmul", {{"a"}, {"b"}, {"bias", Accepts::kFloat32, true}}, infer_matmul, run_matmul},
          {"bias_gradient", {{"dy"}}, infer_bias_gradient, run_bias_gradient}};
}

}  // namespace brasa
