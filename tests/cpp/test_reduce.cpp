#include "harness.h"
#include "ops/registry.h"

namespace brasa::test {
namespace {

struct Reduction {
  Shape x;
  std::vector<int64_t> axes;
};

// Rows and columns of whole vectors, of parts, and long ones; sums in several chunks and blocks of both kinds;
// axes that are and are not neighbours; all and none; as many as there can be; no element.
const std::vector<Reduction>& reductions() {
  static const std::vector<Reduction> all = {
      {{7, 5}, {1}},
      {{7, 5}, {0}},
      {{33, 65}, {-1}},
      {{67, 16}, {1}},
      {{35, 23}, {1}},
      {{19, 32}, {1}},
      {{130, 70}, {0}},
      {{1100, 3}, {0}},
      {{3, 2, 9, 17}, {1, 2}},
      {{3, 9, 2, 17}, {0, 2}},
      {{3, 9, 2, 17}, {1, 3}},
      {{90000}, {0}},
      {{2, 40001}, {1}},
      {{70003, 2}, {0}},
      {{6, 4, 1}, {2}},
      {{5, 3}, {}},
      {{2, 3, 2, 2, 2, 1, 2, 5}, {0, 2, 5, 7}},
      {{3, 0, 4}, {2}},
      {{1, 1}, {0, 1}},
      {{}, {}},
  };
  return all;
}

Call prepared(const Run& run, const char* op, const Reduction& of, const char* kind,
              const std::vector<Shape>& shapes) {
  Attributes attributes;
  attributes.set("axes", of.axes);
  attributes.set("kind", std::string(kind));
  std::vector<TensorSpec> inputs;
  for (const Shape& shape : shapes) inputs.push_back({DType::kFloat32, shape});
  return prepare(find_op(op), attributes, inputs, run.table, run.threads);
}

Values reduced(const Run& run, const Reduction& of, const char* kind, const Values& x) {
  const Call call = prepared(run, "reduce", of, kind, {of.x});
  const Input<float> from(x);
  const Guarded<float> y(call.outputs[0].shape.elements());
  run(call.workspace, [&](const Exec& exec) {
    run.table.reduce(exec, call.get<ReduceShape>(), from.data(), nullptr, y.data());
  });
  return y.values();
}

// Ties, and rows with a NaN.
Values with_ties(int64_t count) {
  Values x = random_values(count, 3, -4.f, 4.f);
  for (float& v : x) v = std::round(v);
  if (count > 20) x[static_cast<size_t>(count / 3)] = NAN;
  return x;
}

BRASA_TEST(reduce_equals_the_reference) {
  for (const Reduction& of : reductions()) {
    const Case name("reduce ", of.x, " axes ", of.axes.size());
    const Values x = random_values(of.x.elements(), 1), sizes = absolute(x);
    for (const char* kind : {"sum", "mean"}) {
      const Case kinds(kind);
      const Values size = reduced(Run{ref::table, 1}, of, kind, sizes);
      const double results = static_cast<double>(size.empty() ? 1 : size.size());
      const double terms = static_cast<double>(of.x.elements()) / results;
      const double roundings = 3 + std::min(terms, 170 + terms / 32768);
      check_tables([&](const Run& run) { return reduced(run, of, kind, x); },
                   [&](size_t i, float) { return roundings * kU * double{size[i]}; });
    }
    for (const char* kind : {"max", "min"}) {
      const Case kinds(kind);
      const Values ties = with_ties(of.x.elements());
      check_tables([&](const Run& run) { return reduced(run, of, kind, ties); }, kExact);
    }
  }
}

BRASA_TEST(extreme_backward_equals_the_reference) {
  for (const Reduction& of : reductions()) {
    const Case name("extreme_backward ", of.x, " axes ", of.axes.size());
    const Values x = with_ties(of.x.elements());
    const Values y = reduced(Run{ref::table, 1}, of, "max", x);
    const Input<float> from(x), largest(y), dy(random_values(static_cast<int64_t>(y.size()), 4));
    check_tables(
        [&](const Run& run) {
          const Shape y_shape = prepared(run, "reduce", of, "max", {of.x}).outputs[0].shape;
          const Call call = prepared(run, "extreme_backward", of, "max", {y_shape, of.x, y_shape});
          const Guarded<float> dx(of.x.elements());
          run(call.workspace, [&](const Exec& exec) {
            run.table.extreme_backward(exec, call.get<BroadcastShape>(), dy.data(), from.data(),
                                       largest.data(), dx.data());
          });
          return dx.values();
        },
        [](size_t, float v) { return 2 * kU * std::abs(double{v}); });
  }
}

}  // namespace
}  // namespace brasa::test
