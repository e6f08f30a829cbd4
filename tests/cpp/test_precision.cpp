// Products of lower precision, with guard pages around all they read and write.
#include "conv2d_case.h"
#include "cpu/table.h"

namespace brasa::test::conv2d {
namespace {

// Where a table has none, those without tiles stand in, which machines with tiles never take, or the reference's.
const ReducedProducts& products(const Run& run) {
  if (run.table.reduced != nullptr) return *run.table.reduced;
  return cpu::dot_products() != nullptr ? *cpu::dot_products() : *ref::table.reduced;
}

struct Product {
  MatmulShape shape;
  Values a, b, bias, before;
};

Product product(int64_t batch, int64_t m, int64_t n, int64_t k, int transposes,
                Precision precision) {
  Product p;
  p.shape = {
      batch,       m,       n,        k, m * k, k * n, (transposes & 1) != 0, (transposes & 2) != 0,
      Write::kSet, kLinear, precision};
  p.a = random_values(batch * m * k, 1), p.b = random_values(batch * k * n, 2);
  p.bias = random_values(n, 3), p.before = random_values(batch * m * n, 4);
  return p;
}

Values multiplied(const Run& run, const Product& p) {
  const Input<float> a(p.a), b(p.b), bias(p.bias);
  const MatmulShape& s = p.shape;
  const Guarded<float> c =
      s.write == Write::kAdd ? Guarded<float>(p.before) : Guarded<float>(s.batch * s.m * s.n);
  run(products(run).matmul_workspace(s, run.threads), [&](const Exec& exec) {
    products(run).matmul(exec, s, a.data(), b.data(), bias.data(), c.data());
  });
  return c.values();
}

void check_product(Product p) {
  const MatmulShape& s = p.shape;
  const Case name("batch ", s.batch, " m ", s.m, " n ", s.n, " k ", s.k, " transposed ",
                  s.transpose_a, s.transpose_b, " precision ", static_cast<int>(s.precision));
  Product sizes = p;
  for (Values* values : {&sizes.a, &sizes.b, &sizes.bias, &sizes.before})
    *values = absolute(*values);
  const Values sums = multiplied(Run{ref::table, 1}, sizes);
  check_tables([&](const Run& run) { return multiplied(run, p); },
               [&](size_t i, float) { return static_cast<double>(s.k + 5) * kU * sums[i]; });
}

BRASA_TEST(reduced_matmul_equals_the_reference) {
  struct Size {
    int64_t m, n, k;
  };
  for (const Size size :
       {Size{0, 3, 5}, Size{3, 0, 5}, Size{3, 5, 0}, Size{1, 1, 1}, Size{16, 16, 32},
        Size{17, 15, 33}, Size{32, 32, 31}, Size{33, 65, 64}, Size{47, 31, 97}, Size{1, 530, 70},
        Size{300, 5, 40}, Size{35, 36, 1101}, Size{5, 40, 4200}}) {
    for (const Precision precision : {Precision::kBf16, Precision::kBf16x3}) {
      for (const int transposes : {0, 1, 2, 3}) {
        Product p = product(1 + transposes, size.m, size.n, size.k, transposes, precision);
        check_product(p);
        p.shape.write = Write::kAdd;
        check_product(p);
      }
    }
  }
}

BRASA_TEST(a_block_with_numbers_that_three_parts_do_not_hold_is_float32) {
  for (const float odd : {1e-35f, 3.4e38f, INFINITY, NAN}) {
    for (const int transposes : {0, 1, 2, 3}) {
      Product p = product(1, 50, 70, 90, transposes, Precision::kBf16x3);
      p.a[1234] = odd;
      check_product(p);
      p.b[4321] = odd;
      check_product(p);
    }
  }
}

struct Passes {
  Values y, dx, dw;
};

Passes passes(const Run& run, const Conv2dShape& s, const Operands& o) {
  const Inputs in(o);
  const auto start = [&](const Values& before) {
    return s.write == Write::kAdd ? Guarded<float>(before)
                                  : Guarded<float>(static_cast<int64_t>(before.size()));
  };
  const Guarded<float> y(y_count(s)), dx = start(o.before_dx), dw = start(o.before_dw);
  const ReducedProducts& with = products(run);
  run(with.conv2d_forward_workspace(s, run.threads), [&](const Exec& exec) {
    with.conv2d_forward(exec, s, in.x.data(), in.w.data(), in.b.data(), y.data());
  });
  run(with.conv2d_backward_data_workspace(s, run.threads), [&](const Exec& exec) {
    with.conv2d_backward_data(exec, s, in.dy.data(), in.w.data(), dx.data());
  });
  run(with.conv2d_backward_weight_workspace(s, run.threads), [&](const Exec& exec) {
    with.conv2d_backward_weight(exec, s, in.dy.data(), in.x.data(), dw.data());
  });
  return {y.values(), dx.values(), dw.values()};
}

void check_passes(Conv2dShape s, Write write) {
  const Case name(described(s), write == Write::kAdd ? " add" : "");
  s.write = write;
  const Operands o = operands(s);
  for (const Precision precision : {Precision::kBf16, Precision::kBf16x3}) {
    s.precision = precision;
    const Case which("precision ", static_cast<int>(precision));
    const Passes sums = passes(Run{ref::table, 1}, s, magnitudes_of(o));
    const Values all = joined({sums.y, sums.dx, sums.dw});
    const int64_t terms =
        s.window.R * s.window.S * (s.C > s.K ? s.C : s.K) + 5 + s.N * s.window.P * s.window.Q;
    check_tables(
        [&](const Run& run) {
          const Passes got = passes(run, s, o);
          return joined({got.y, got.dx, got.dw});
        },
        [&](size_t i, float) { return static_cast<double>(terms) * kU * all[i]; });
  }
}

BRASA_TEST(reduced_conv2d_equals_the_reference) {
  for (const Write write : {Write::kSet, Write::kAdd}) {
    check_passes(conv({0, 6, 5, 3}, {4, 3, 3}), write);
    check_passes(conv({1, 1, 1, 1}, {1, 1, 1}), write);
    check_passes(conv({3, 9, 8, 1}, {6, 5, 5}, {2, 2, 2, 2}), write);
    check_passes(conv({2, 9, 7, 33}, {35, 3, 3}, {1, 1, 1, 1}), write);
    check_passes(conv({2, 11, 10, 7}, {5, 3, 2}, {2, 0, 1, 3}, {2, 3, 3, 2, 1}), write);
    check_passes(conv({1, 9, 12, 8}, {17, 2, 3}, {0, 1, 0, 1}, {4, 3, 2, 1, 1}), write);
    check_passes(conv({2, 9, 7, 40}, {16, 1, 1}, {0, 0, 0, 0}, {2, 2, 1, 1, 1}), write);
    check_passes(conv({1, 3, 2, 2}, {3, 7, 5}, {3, 3, 4, 4}), write);
    check_passes(conv({1, 16, 17, 64}, {3, 3, 3}, {1, 1, 1, 1}), write);
    check_passes(conv({9, 7, 6, 32}, {40, 3, 3}, {1, 1, 1, 1}), write);
    check_passes(conv({2, 11, 10, 32}, {64, 3, 3}, {1, 1, 1, 1}, {2, 2, 1, 1, 1}), write);
    check_passes(conv({2, 9, 11, 32}, {24, 2, 3}, {0, 4, 5, 0}, {1, 3, 2, 1, 1}), write);
  }
}

}  // namespace
}  // namespace brasa::test::conv2d
