// The tiles of matmul and conv2d beyond what small shapes reach: the large tile, and splits of the depth.
#include "cuda/matrix.cuh"
#include "cuda/product.cuh"
#include "cuda/table.h"
#include "harness.h"
#include "ops/registry.h"

namespace brasa::cuda {
namespace {

using namespace brasa::test;

struct Sizes {
  int64_t batch, m, n, k;
};

template <bool a_along, bool b_along>
Values product(const Run& run, const Sizes& s, const Division& d, const Values& a, const Values& b,
               const Values& bias) {
  const Input<float> a_in(a), b_in(b), bias_in(bias);
  const Guarded<float> c(s.batch * s.m * s.n);
  run(d.workspace(s.batch, s.m, s.n), [&](const Exec& exec) {
    const Matrix<a_along> left{a_in.data(), s.m, s.k, a_along ? s.k : s.m, s.m * s.k};
    const Matrix<b_along> right{b_in.data(), s.n, s.k, b_along ? s.k : s.n, s.n * s.k};
    const Result<PlainRows> to{c.data(),
                               bias_in.data(),
                               {ActivationKind::kRelu, 0.f},
                               Write::kSet,
                               s.m,
                               s.n,
                               s.m * s.n,
                               0,
                               {s.n},
                               {},
                               1,
                               s.n % 4 == 0 && aligned16(c.data())};
    multiply(exec, s.batch, s.k, left, right, to, d);
  });
  return c.values();
}

template <bool a_along, bool b_along>
void check(const Sizes& s, const Division& d) {
  const Case name("batch ", s.batch, " m ", s.m, " n ", s.n, " k ", s.k, " along ", a_along,
                  b_along, d.large ? " large" : " small", " splits ", d.splits);
  const Values a = random_values(s.batch * s.m * s.k, 1), b = random_values(s.batch * s.k * s.n, 2);
  const Values bias = random_values(s.n, 3);
  const MatmulShape shape{s.batch,   s.m,      s.n,     s.k,         s.m * s.k,
                          s.k * s.n, !a_along, b_along, Write::kSet, {ActivationKind::kRelu, 0.f}};
  Values want(static_cast<size_t>(s.batch * s.m * s.n));
  Run{ref::table, 1}(0, [&](const Exec& exec) {
    ref::table.matmul(exec, shape, a.data(), b.data(), bias.data(), want.data());
  });
  // |a|, |b|, |bias| < 1: k products, the bias and as many roundings.
  const double bound = static_cast<double>((s.k + 2) * (s.k + 1)) * kU;
  const Values got = product<a_along, b_along>({ref::table, 1}, s, d, a, b, bias);
  check_close(got, want, std::vector<double>(want.size(), bound));
  for (const int threads : {2, 3}) {
    check_same_bits(product<a_along, b_along>({ref::table, threads}, s, d, a, b, bias), got);
  }
}

BRASA_TEST(cuda_tiles_equal_the_reference) {
  // A whole number of tiles and quads; nothing whole; one of each kind of tail.
  for (const Sizes s : {Sizes{1, 256, 128, 48}, Sizes{2, 131, 133, 29}, Sizes{1, 64, 160, 52}}) {
    for (const bool large : {false, true}) {
      for (const int64_t depth_of_split : {int64_t{64}, int64_t{16}}) {
        const int splits = static_cast<int>(ceil_div(s.k, depth_of_split));
        const Division d{large, splits, depth_of_split};
        check<true, false>(s, d);
        check<false, false>(s, d);
        check<true, true>(s, d);
        check<false, true>(s, d);
      }
    }
  }
}

BRASA_TEST(cuda_names_the_ops_that_it_has) {
  int known = 0;
  for (const std::string& op : op_names()) known += has_kernels_of(op.c_str());
  CHECK_EQ(known, 90);
  CHECK(!has_kernels_of("to_lanes"));
}

// Results must not depend on anything but the shape, so neither must this.
BRASA_TEST(cuda_products_are_divided_to_fill_a_device) {
  CHECK(divide(1, 4096, 4096, 4096).large);
  CHECK_EQ(divide(1, 4096, 4096, 4096).splits, 1);
  CHECK(!divide(1, 1 << 20, 32, 4096).large);
  const Division thin = divide(1, 64, 32, 100000);  // one tile: the depth must give the blocks
  CHECK_EQ(thin.depth_of_split, 384);
  CHECK_EQ(thin.splits, 261);
  CHECK_EQ(thin.workspace(1, 64, 32), 261 * 64 * 32 * 4);
  CHECK_EQ(divide(1, 64, 32, 511).splits, 1);
  CHECK(divide(7, 300, 300, 100000).workspace(7, 300, 300) <= kMostPartBytes);
}

}  // namespace
}  // namespace brasa::cuda
