#include "ops/elementwise.h"

#include "ops/definitions.h"
#include "ops/infer.h"

namespace brasa {
namespace {

struct AddShape {
  int64_t count;
  int addends;
  Activation activation;
};

void infer_add(const Site& site, Call& call) {
  const int addends = static_cast<int>(site.inputs.size());
  require(addends <= kMaxAddends, site.op, ": at most ", kMaxAddends, " inputs, got ", addends);
  for (int i = 1; i < addends; ++i) {
    require(site.shape(i) == site.shape(0), site.op, ": all inputs must have the same shape, got ",
            site.shape(0), " and ", site.shape(i));
  }
  call.outputs = {site.inputs[0]};
  const int64_t count = site.shape(0).elements();
  call.flops = static_cast<double>(count) * addends;
  call.set(AddShape{count, addends, parse_activation(site)});
}

void run_add(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<AddShape>();
  Addends addends{shape.addends, {}};
  for (int i = 0; i < shape.addends; ++i) addends.x[i] = in<float>(inputs, i);
  exec.table->add(exec, shape.count, addends, shape.activation, out<float>(outputs, 0));
}

void infer_add_bias(const Site& site, Call& call) {
  require(site.shape(0).rank() >= 1, site.op, ": x must have rank 1 or more, got a scalar");
  const RowsShape rows = rows_of(site.shape(0));
  site.require_shape(1, {rows.classes});
  call.outputs = {site.inputs[0]};
  call.flops = static_cast<double>(rows.rows * rows.classes);
  call.set(AddBiasShape{rows.rows, rows.classes, parse_activation(site)});
}

void run_add_bias(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->add_bias(exec, call.get<AddBiasShape>(), in<float>(inputs, 0), in<float>(inputs, 1),
                       out<float>(outputs, 0));
}

void infer_multiply(const Site& site, Call& call) {
  site.require_shape(1, site.shape(0));
  call.outputs = {site.inputs[0]};
  call.flops = static_cast<double>(site.shape(0).elements());
  call.set(site.shape(0).elements());
}

void run_multiply(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->multiply(exec, call.get<int64_t>(), in<float>(inputs, 0), in<float>(inputs, 1),
                       out<float>(outputs, 0));
}

struct ScaleShape {
  int64_t count;
  float factor, offset;
};

void infer_scale(const Site& site, Call& call) {
  call.outputs = {site.inputs[0]};
  const int64_t count = site.shape(0).elements();
  call.flops = static_cast<double>(count);
  call.set(ScaleShape{count, static_cast<float>(site.attributes.number("factor", 1)),
                      static_cast<float>(site.attributes.number("offset", 0))});
}

void run_scale(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<ScaleShape>();
  exec.table->scale(exec, shape.count, shape.factor, shape.offset, in<float>(inputs, 0),
                    out<float>(outputs, 0));
}

int parse_axis(const Site& site, int rank) {
  const int64_t axis = site.attributes.integer("axis", -1);
  require(axis >= -rank && axis < rank, site.op, ": axis must lie in [", -rank, ", ", rank,
          "), got ", axis);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

// Concatenation along `axis` lays runs of `inner` floats of each input side by side, `outer` times.
struct ConcatenateShape {
  int64_t outer, inner[kMaxAddends];
  int parts;
};

void infer_concatenate(const Site& site, Call& call) {
  const int parts = static_cast<int>(site.inputs.size());
  require(parts <= kMaxAddends, site.op, ": at most ", kMaxAddends, " inputs, got ", parts);
  Shape y = site.shape(0);
  require(y.rank() >= 1, site.op, ": inputs must have rank 1 or more, got a scalar");
  const int axis = parse_axis(site, y.rank());
  ConcatenateShape shape{};
  shape.outer = y.elements(0, axis), shape.parts = parts;
  y[axis] = 0;
  for (int i = 0; i < parts; ++i) {
    const Shape& x = site.shape(i);
    bool agree = x.rank() == y.rank();
    for (int d = 0; agree && d < x.rank(); ++d) agree = d == axis || x[d] == y[d];
    require(agree, site.op, ": shapes must agree off axis ", axis, ", got ", site.shape(0), " and ",
            x);
    y[axis] = checked_add(y[axis], x[axis], site.op);
    shape.inner[i] = x.elements(axis, x.rank());
  }
  call.outputs = {{DType::kFloat32, y}};
  call.set(shape);
}

void run_concatenate(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<ConcatenateShape>();
  int64_t width = 0, offset = 0;
  for (int i = 0; i < shape.parts; ++i) width += shape.inner[i];
  for (int i = 0; i < shape.parts; ++i) {
    const int64_t inner = shape.inner[i];
    exec.table->copy_rows(exec, {shape.outer, inner, inner, width}, in<float>(inputs, i),
                          out<float>(outputs, 0) + offset);
    offset += inner;
  }
}

struct SliceShape {
  CopyRowsShape rows;
  int64_t offset;
};

void infer_slice(const Site& site, Call& call) {
  const Shape& x = site.shape(0);
  require(x.rank() >= 1, site.op, ": x must have rank 1 or more, got a scalar");
  const int axis = parse_axis(site, x.rank());
  const int64_t start = site.attributes.integer("start", 0);
  const int64_t length = site.attributes.integer("length", 0);
  require(start >= 0 && length >= 0 && start <= x[axis] && length <= x[axis] - start, site.op,
          ": [", start, ", ", start, " + ", length, ") leaves axis ", axis, " of ", x);
  Shape y = x;
  y[axis] = length;
  const int64_t step = x.elements(axis + 1, x.rank());
  call.outputs = {{DType::kFloat32, y}};
  call.set(SliceShape{{x.elements(0, axis), length * step, x[axis] * step, length * step},
                      start * step});
}

void run_slice(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<SliceShape>();
  exec.table->copy_rows(exec, shape.rows, in<float>(inputs, 0) + shape.offset,
                        out<float>(outputs, 0));
}

// The gradient of slice: dy between zeros.
void infer_slice_backward(const Site& site, Call& call) {
  const auto dims = site.attributes.integers("x_shape", {});
  Shape x;
  for (const int64_t dim : dims) x.append(dim);
  const std::vector<TensorSpec> image = {{DType::kFloat32, x}};
  infer_slice(Site{site.op, site.rules, site.attributes, image, site.table, site.threads}, call);
  site.require_shape(0, call.outputs[0].shape);
  call.outputs = image;
}

void run_slice_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto shape = call.get<SliceShape>();
  const CopyRowsShape& rows = shape.rows;
  exec.table->place_rows(exec, {rows.rows, rows.columns, rows.src_stride, shape.offset},
                         in<float>(inputs, 0), out<float>(outputs, 0));
}

// Rows of `columns` floats in groups of `length`, each group in the opposite order.
struct FlipShape {
  int64_t groups, length, columns;
};

void infer_flip(const Site& site, Call& call) {
  const Shape& x = site.shape(0);
  require(x.rank() >= 1, site.op, ": x must have rank 1 or more, got a scalar");
  const int axis = parse_axis(site, x.rank());
  call.outputs = {site.inputs[0]};
  call.set(FlipShape{x.elements(0, axis), x[axis], x.elements(axis + 1, x.rank())});
}

void run_flip(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  const auto s = call.get<FlipShape>();
  const int64_t size = s.length * s.columns;
  if (size == 0) return;
  exec.table->copy_rows(exec, {s.length, s.columns, -s.columns, s.columns, s.groups, size, size},
                        in<float>(inputs, 0) + size - s.columns, out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> elementwise_ops() {
  return {
      {"add", {{"x"}}, infer_add, run_add, /*variadic=*/true},
      {"add_bias", {{"x"}, {"b"}}, infer_add_bias, run_add_bias},
      {"multiply", {{"a"}, {"b"}}, infer_multiply, run_multiply},
      {"scale", {{"x"}}, infer_scale, run_scale},
      {"concatenate", {{"x"}}, infer_concatenate, run_concatenate, /*variadic=*/true},
      {"slice", {{"x"}}, infer_slice, run_slice},
      {"flip", {{"x"}}, infer_flip, run_flip},
      {"slice_backward", {{"dy"}}, infer_slice_backward, run_slice_backward},
  };
}

}  // namespace brasa
