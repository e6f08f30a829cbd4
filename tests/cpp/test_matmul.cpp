#include "harness.h"

namespace brasa::test {
namespace {

constexpr Activation kLinear{ActivationKind::kNone, 0.f};

MatmulShape matmul_shape(int64_t m, int64_t n, int64_t k) {
  return {1, m, n, k, m * k, k * n, false, false, Write::kSet, kLinear};
}

struct Operands {
  Values a, b, bias, c;  // bias is empty where there is none; c is what is added into
};

Operands operands(const MatmulShape& s, bool with_bias) {
  const auto length = [&](int64_t step, int64_t matrix) {
    return s.batch == 0 ? 0 : (s.batch - 1) * step + matrix;
  };
  return {random_values(length(s.a_step, s.m * s.k), 1),
          random_values(length(s.b_step, s.k * s.n), 2), random_values(with_bias ? s.n : 0, 3),
          random_values(s.batch * s.m * s.n, 4)};
}

struct Inputs {
  explicit Inputs(const Operands& o) : a(o.a), b(o.b), bias(o.bias), has_bias(!o.bias.empty()) {}
  Input<float> a, b, bias;
  bool has_bias;
};

// `before` is what the product is added into; a kernel that overwrites finds NaN.
Values product(const Run& run, const MatmulShape& s, const Inputs& in, const Values& before = {}) {
  const Guarded<float> c =
      s.write == Write::kAdd ? Guarded<float>(before) : Guarded<float>(s.batch * s.m * s.n);
  run(run.table.matmul_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.matmul(exec, s, in.a.data(), in.b.data(), in.bias.data_if(in.has_bias), c.data());
  });
  return c.values();
}

void check_matmul(const MatmulShape& s, bool with_bias) {
  const Case name("batch ", s.batch, " m ", s.m, " n ", s.n, " k ", s.k, " transposed ",
                  s.transpose_a, s.transpose_b, s.write == Write::kAdd ? " add" : "",
                  with_bias ? " bias" : "", " activation ", static_cast<int>(s.activation.kind));
  const Operands o = operands(s, with_bias);
  // |a| |b| + |bias| + |c|: k products and at most two more terms; activations are 1-Lipschitz, and
  // sigmoid and tanh add up to 4 units in the last place.
  MatmulShape linear = s;
  linear.activation = kLinear;
  const Inputs in(o), sizes({absolute(o.a), absolute(o.b), absolute(o.bias), {}});
  const Values sums = product(Run{ref::table, 1}, linear, sizes, absolute(o.c));
  check_tables([&](const Run& run) { return product(run, s, in, o.c); },
               [&](size_t i, float want) {
                 return static_cast<double>(s.k + 3) * kU * sums[i] + 8 * kU * std::abs(want);
               });
}

BRASA_TEST(matmul_equals_the_reference_for_all_transposes) {
  // Around the register tiles: 6 and 14 rows, 16 and 32 columns.
  for (const int64_t m : {0, 1, 5, 6, 7, 13, 14, 15, 29}) {
    for (const int64_t n : {0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47}) {
      for (const int64_t k : {0, 1, 17}) {
        if (k != 17 && (m > 7 || n > 17)) continue;
        MatmulShape s = matmul_shape(m, n, k);
        for (const int transposes : {0, 1, 2, 3}) {
          s.transpose_a = transposes & 1;
          s.transpose_b = transposes & 2;
          check_matmul(s, transposes == 0);
        }
      }
    }
  }
}

BRASA_TEST(matmul_equals_the_reference_beyond_a_cache_block) {
  struct Size {
    int64_t m, n, k;
  };
  // Dense layers of LeNet, one row, one column, and each of m, n and k longer than a block.
  for (const Size size :
       {Size{128, 120, 400}, Size{64, 10, 84}, Size{1, 257, 129}, Size{257, 1, 63},
        Size{3, 5, 5003}, Size{3, 4112, 300}, Size{3, 4127, 5}, Size{1031, 3, 7},
        Size{97, 101, 613}, Size{120, 400, 128}, Size{31, 67, 1025}, Size{29, 530, 333},
        Size{1, 5003, 533}, Size{2, 517, 1300}, Size{41, 2100, 270}, Size{290, 33, 520},
        Size{290, 257, 520}}) {
    MatmulShape s = matmul_shape(size.m, size.n, size.k);
    for (const int transposes : {0, 1, 2, 3}) {
      // The reference takes its time.
      if (size.m * size.n * size.k > 30'000'000 && transposes != 1) continue;
      s.transpose_a = transposes & 1;
      s.transpose_b = transposes & 2;
      s.write = transposes == 1 ? Write::kAdd : Write::kSet;
      check_matmul(s, transposes == 2);
    }
  }
}

BRASA_TEST(matmul_of_few_rows_with_a_b_beyond_the_caches_equals_the_reference) {
  struct Size {
    int64_t m, n, k;
  };
  // Strips of whole and of half a line, every rest of rows; sums in one chunk and in several.
  for (const Size size : {Size{3, 517, 1100}, Size{4, 4127, 130}, Size{5, 1040, 520},
                          Size{6, 2051, 259}, Size{16, 600, 900}, Size{17, 600, 900}}) {
    for (const int transposes : {0, 1, 2}) {
      MatmulShape s = matmul_shape(size.m, size.n, size.k);
      s.transpose_a = transposes == 1;
      s.transpose_b = transposes == 2;
      s.activation = {s.transpose_a ? ActivationKind::kNone : ActivationKind::kTanh, 0.f};
      s.write = s.transpose_a ? Write::kAdd : Write::kSet;
      check_matmul(s, true);
    }
  }
  MatmulShape pair = matmul_shape(3, 1030, 515);
  pair.batch = 2;
  check_matmul(pair, false);
}

BRASA_TEST(matmul_epilogue_equals_the_reference) {
  for (const ActivationKind kind :
       {ActivationKind::kNone, ActivationKind::kRelu, ActivationKind::kLeakyRelu,
        ActivationKind::kElu, ActivationKind::kSigmoid, ActivationKind::kTanh,
        ActivationKind::kGelu, ActivationKind::kGeluTanh, ActivationKind::kSilu}) {
    for (const int64_t n : {1, 10, 16, 33, 120}) {
      for (const int64_t k : {0, 5, 700}) {
        for (const bool with_bias : {false, true}) {
          MatmulShape s = matmul_shape(13, n, k);
          s.activation = {kind, 0.2f};
          check_matmul(s, with_bias);
        }
      }
    }
  }
}

BRASA_TEST(matmul_adds_into_its_result) {
  for (const int64_t m : {1, 6, 31}) {
    for (const int64_t n : {1, 16, 37}) {
      for (const int64_t k : {0, 1, 300, 1100}) {
        MatmulShape s = matmul_shape(m, n, k);
        s.write = Write::kAdd;
        s.transpose_a = k == 300;
        s.transpose_b = m == 6;
        check_matmul(s, n == 37);
      }
    }
  }
}

BRASA_TEST(matmul_batches_equal_the_reference) {
  for (const int64_t batch : {0, 1, 2, 5}) {
    for (const int transposes : {0, 1, 2, 3}) {
      MatmulShape s = matmul_shape(7, 19, 23);
      s.batch = batch;
      s.transpose_a = transposes & 1;
      s.transpose_b = transposes & 2;
      check_matmul(s, true);
      s.b_step = 0;  // one b for all
      check_matmul(s, false);
      s.a_step = 0;
      s.b_step = 23 * 19 + 5;
      check_matmul(s, false);
      s.write = Write::kAdd;
      check_matmul(s, true);
    }
  }
  // Fewer matrices than threads, sums longer than a block.
  MatmulShape s = matmul_shape(290, 20, 520);
  s.batch = 2;
  check_matmul(s, true);
}

BRASA_TEST(matmul_keeps_nan_and_infinity) {
  MatmulShape s = matmul_shape(5, 18, 40);
  Operands o = operands(s, false);
  o.a[2 * 40 + 7] = NAN;        // row 2
  o.b[11 * 18 + 3] = INFINITY;  // column 3
  const Inputs in(o);
  check_tables([&](const Run& run) { return product(run, s, in); },
               [](size_t, float) { return 45 * kU * 40; });
}

void check_bias_gradient(int64_t rows, int64_t columns, Write write) {
  const Case name("rows ", rows, " columns ", columns, write == Write::kAdd ? " add" : "");
  const auto gradient = [&](const Run& run, const Values& dys, const Values& initial) {
    const Input<float> dy(dys);
    const Guarded<float> db =
        write == Write::kAdd ? Guarded<float>(initial) : Guarded<float>(columns);
    run(run.table.bias_gradient_workspace(rows, columns), [&](const Exec& exec) {
      run.table.bias_gradient(exec, rows, columns, write, dy.data(), db.data());
    });
    return db.values();
  };
  const Values dy = random_values(rows * columns, 1), initial = random_values(columns, 2);
  const Values sums = gradient(Run{ref::table, 1}, absolute(dy), absolute(initial));
  check_tables([&](const Run& run) { return gradient(run, dy, initial); },
               [&](size_t i, float) { return static_cast<double>(rows + 1) * kU * sums[i]; });
}

BRASA_TEST(bias_gradient_equals_the_reference) {
  for (const int64_t rows : {0, 1, 2, 63, 64, 65, 1000, 5003}) {
    for (const int64_t columns : {0, 1, 3, 6, 7, 8, 9, 15, 16, 17, 33, 120, 257}) {
      check_bias_gradient(rows, columns, Write::kSet);
      check_bias_gradient(rows, columns, Write::kAdd);
    }
  }
  check_bias_gradient(100003, 6, Write::kSet);
}

// The oracle by hand: [1 2; 3 4] [5 6; 7 8] + [10 20].
BRASA_TEST(matmul_reference_gives_the_worked_example) {
  const Inputs in({{1, 2, 3, 4}, {5, 6, 7, 8}, {10, 20}, {}});
  MatmulShape s = matmul_shape(2, 2, 2);
  CHECK((product(Run{ref::table, 1}, s, in) == Values{29, 42, 53, 70}));
  s.transpose_a = true;
  CHECK((product(Run{ref::table, 1}, s, in) == Values{36, 50, 48, 64}));
  s.transpose_b = true;
  CHECK((product(Run{ref::table, 1}, s, in) == Values{33, 51, 44, 66}));
}

}  // namespace
}  // namespace brasa::test
