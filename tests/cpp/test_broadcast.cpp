#include <limits>

#include "harness.h"
#include "ops/registry.h"

namespace brasa::test {
namespace {

struct Pair {
  Shape a, b;
};

// (N,H,W,C) by gates and by maps, rows by columns, one number by many, no element at all; rows that fill whole
// vectors, that do not, and long ones; as many axes as there can be; both operands repeated.
const std::vector<Pair>& pairs() {
  static const std::vector<Pair> all = {
      {{2, 3, 5, 16}, {2, 1, 1, 16}},
      {{2, 3, 5, 7}, {2, 1, 1, 7}},
      {{2, 3, 5, 7}, {2, 3, 5, 1}},
      {{2, 3, 5, 7}, {1, 3, 1, 7}},
      {{2, 3, 5, 7}, {2, 1, 5, 1}},
      {{3, 600, 40}, {3, 1, 40}},
      {{3, 40, 600}, {3, 40, 1}},
      {{5, 1}, {1, 9}},
      {{5, 1, 70}, {1, 9, 70}},
      {{7, 64}, {64}},
      {{1003, 10}, {10}},
      {{1003, 10}, {1003, 1}},
      {{4, 130}, {4, 1}},
      {{50021}, {}},
      {{50021}, {1}},
      {{}, {}},
      {{1, 1}, {1}},
      {{3, 0, 4}, {3, 1, 4}},
      {{3, 0}, {3, 1}},
      {{0, 4}, {1, 4}},
      {{2, 1, 2, 1, 3, 1, 2, 5}, {1, 3, 1, 2, 1, 2, 2, 1}},
      {{2, 3, 2, 2, 2, 2, 2, 5}, {1, 3, 1, 2, 1, 2, 1, 5}},
  };
  return all;
}

template <class Struct>
Struct prepared(const Run& run, const char* op, const std::vector<TensorSpec>& inputs,
                const Attributes& attributes, Call* call) {
  *call = prepare(find_op(op), attributes, inputs, run.table, run.threads);
  return call->get<Struct>();
}

Attributes shape_as(const char* name, const Shape& shape) {
  std::vector<int64_t> extents;
  for (int axis = 0; axis < shape.rank(); ++axis) extents.push_back(shape[axis]);
  Attributes attributes;
  attributes.set(name, extents);
  return attributes;
}

TensorSpec of(const Shape& shape) { return {DType::kFloat32, shape}; }

// Some are equal to those of another stream, and some are zeros, infinities and NaN.
Values whole_and_special(int64_t count, uint32_t stream) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  Values x = random_values(count, stream, -9.f, 9.f);
  for (size_t i = 0; i < x.size(); ++i) {
    if (i % 4 == 1) x[i] = std::round(x[i] / 3);
    if (i % 23 == stream) x[i] = i % 2 == 0 ? kInf : NAN;
  }
  return x;
}

void check_forward(const char* op, const Shape& a, const Shape& b) {
  const Case name(op, " ", a, " by ", b);
  const Values as = whole_and_special(a.elements(), 1);
  const Input<float> left(as), right(whole_and_special(b.elements(), 2));
  for (const bool in_place : {false, true}) {
    check_tables(
        [&](const Run& run) {
          Call call;
          const auto s = prepared<BroadcastShape>(run, op, {of(a), of(b)}, {}, &call);
          const Shape& y_shape = call.outputs[0].shape;
          const bool own = in_place && y_shape == a;
          const Guarded<float> y = own ? Guarded<float>(as) : Guarded<float>(y_shape.elements());
          const float* from = own ? y.data() : left.data();
          run(0, [&](const Exec& exec) {
            run.table.broadcast(exec, s, from, right.data(), y.data());
          });
          return y.values();
        },
        kExact);
  }
}

BRASA_TEST(broadcast_equals_the_reference) {
  for (const auto& [a, b] : pairs()) {
    for (const char* op : {"broadcast_add", "subtract", "broadcast_multiply", "divide", "maximum",
                           "minimum", "share", "gate", "equal", "less", "less_equal"}) {
      check_forward(op, a, b);
      check_forward(op, b, a);
    }
  }
}

Shape common(const Shape& a, const Shape& b) {
  const std::vector<TensorSpec> inputs = {of(a), of(b)};
  return prepare(find_op("broadcast_add"), {}, inputs, ref::table, 1).outputs[0].shape;
}

void check_copy(const Shape& x, const Shape& y_shape) {
  const Case name("copy ", x, " to ", y_shape);
  const Input<float> from(random_values(x.elements(), 1));
  check_tables(
      [&](const Run& run) {
        Call call;
        const auto s = prepared<BroadcastShape>(run, "broadcast_to", {of(x)},
                                                shape_as("shape", y_shape), &call);
        const Guarded<float> y(y_shape.elements());
        run(0, [&](const Exec& exec) {
          run.table.broadcast(exec, s, from.data(), nullptr, y.data());
        });
        return y.values();
      },
      kExact);
}

BRASA_TEST(broadcast_to_equals_the_reference) {
  for (const auto& [a, b] : pairs()) {
    check_copy(a, common(a, b));
    check_copy(b, common(a, b));
  }
}

Values backward(const Run& run, const Shape& x, const Values& dy, const Values* factor,
                const std::vector<TensorSpec>& specs, bool accumulate) {
  Attributes attributes = shape_as("x_shape", x);
  if (accumulate) attributes.set("accumulate", int64_t{1});
  Call call;
  const auto s = prepared<ReduceShape>(run, "broadcast_backward", specs, attributes, &call);
  const Input<float> slope(dy), other(factor == nullptr ? Values{} : *factor);
  const Guarded<float> dx(random_values(x.elements(), 5));
  run(call.workspace, [&](const Exec& exec) {
    run.table.reduce(exec, s, slope.data(), factor == nullptr ? nullptr : other.data(), dx.data());
  });
  return dx.values();
}

// A sum of n terms, of which each was rounded once, errs by (n + 1) u times the sum of their sizes; the result
// is rounded once more, and so is what was there before.
void check_backward(const Shape& x, const Shape* other, const Shape& y, bool accumulate) {
  const Case name("dx ", x, " of ", y, accumulate ? " added" : "");
  const Case factors(other == nullptr ? "no factor" : "factor " + other->str());
  const Values dy = random_values(y.elements(), 3);
  const Values factor = other == nullptr ? Values{} : random_values(other->elements(), 4);
  const Values size_of_factor = absolute(factor);
  const Values* by = other == nullptr ? nullptr : &factor;
  const Values* size_by = other == nullptr ? nullptr : &size_of_factor;
  TensorSpec absent;
  absent.present = false;
  const std::vector<TensorSpec> specs = {of(y), other == nullptr ? absent : of(*other)};
  const Values sizes = backward(Run{ref::table, 1}, x, absolute(dy), size_by, specs, false);
  const double terms = x.elements() == 0 ? 0.0 : static_cast<double>(y.elements() / x.elements());
  check_tables([&](const Run& run) { return backward(run, x, dy, by, specs, accumulate); },
               [&](size_t i, float) { return (terms + 3) * kU * (double{sizes[i]} + 1); });
}

BRASA_TEST(broadcast_backward_equals_the_reference) {
  for (const auto& [a, b] : pairs()) {
    const Shape y = common(a, b);
    for (const bool accumulate : {false, true}) {
      for (const Shape& x : {a, b}) {
        check_backward(x, nullptr, y, accumulate);
        check_backward(x, &a, y, accumulate);
        check_backward(x, &b, y, accumulate);
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test
