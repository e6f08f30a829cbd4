// Which convolutions go without tiles, how they are divided, and what they give at the edges of a band.
#include "conv2d_case.h"
#include "cuda/conv2d_correlation.cuh"
#include "cuda/conv2d_direct_weight.cuh"
#include "cuda/kernels.h"
#include "cuda/product.cuh"
#include "cuda/table.h"

namespace brasa::cuda {
namespace {

using namespace brasa::test;
using namespace brasa::test::conv2d;

int64_t depth_of(const Conv2dShape& s, int64_t channels) {
  return s.window.R * s.window.S * channels;
}

// By their workspace: tiles would split a sum that is so long.
bool forward_is_direct(const Conv2dShape& s) {
  const int64_t rows = s.N * s.window.P * s.window.Q;
  CHECK(divide(1, rows, s.K, depth_of(s, s.C)).workspace(1, rows, s.K) > 0);
  return conv2d_forward_workspace(s, 1) == 0;
}

bool data_is_direct(const Conv2dShape& s) {
  const int64_t rows = s.N * s.H * s.W;
  CHECK(divide(1, rows, s.C, depth_of(s, s.K)).workspace(1, rows, s.C) > 0);
  return conv2d_backward_data_workspace(s, 1) == 0;
}

bool weight_is_direct(const Conv2dShape& s) {
  const WeightPass pass = plan_weight(s);
  return pass.bands.rows > 0 &&
         conv2d_backward_weight_workspace(s, 1) == pass.parts * pass.columns * 4;
}

BRASA_TEST(cuda_convolutions_of_few_channels_go_without_tiles) {
  for (const Conv2dShape& s :
       {conv({128, 28, 28, 1}, {6, 5, 5}, {2, 2, 2, 2}), conv({128, 14, 14, 6}, {16, 5, 5}),
        conv({128, 32, 32, 3}, {32, 3, 3}, {1, 1, 1, 1}), conv({1, 32, 32, 1}, {6, 5, 5}),
        conv({0, 8, 8, 3}, {4, 3, 3}), conv({2, 9, 9, 16}, {32, 3, 3}),
        conv({64, 96, 96, 3}, {16, 7, 7}, {3, 3, 3, 3}, {2, 2, 1, 1, 1}),
        conv({2, 15, 14, 16}, {16, 5, 5}, {2, 2, 2, 2}, {2, 1, 1, 2, 1})}) {
    const Case name(described(s));
    CHECK(takes_direct(s));
    CHECK(weight_is_direct(s));
  }
  const Conv2dShape deep = conv({1, 7, 7, 16}, {16, 6, 6});
  CHECK(takes_direct(deep));
  CHECK(forward_is_direct(deep));
  CHECK(data_is_direct(deep));
}

BRASA_TEST(cuda_other_convolutions_go_by_tiles) {
  for (const Conv2dShape& s :
       {conv({128, 14, 14, 17}, {16, 5, 5}), conv({128, 14, 14, 16}, {33, 5, 5}),
        conv({2, 8, 8, 4}, {8, 3, 3}, {1, 1, 1, 1}, {1, 1, 1, 1, 2}),
        conv({2, 8, 8, 4}, {8, 1, 1}),     // a product
        conv({1, 9, 9, 16}, {32, 5, 5}),   // 50 KB of filters
        conv({1, 3, 4000, 3}, {4, 3, 3}),  // three rows are 141 KB
        conv({64, 224, 224, 3}, {16, 7, 7}, {3, 3, 3, 3}, {2, 2, 1, 1, 1}),
        conv({1, 3, 1400, 1}, {32, 3, 3})}) {  // and so are three of dy
    const Case name(described(s));
    CHECK(!takes_direct(s));
  }
  CHECK(!forward_is_direct(conv({1, 7, 7, 17}, {16, 6, 6})));
  CHECK(!data_is_direct(conv({1, 7, 7, 16}, {33, 6, 6})));
  CHECK(!weight_is_direct(conv({1, 7, 7, 17}, {16, 6, 6})));
}

// All blocks fill a device, and none asks for more than it is given.
BRASA_TEST(cuda_bands_fill_a_device_and_fit_in_shared_memory) {
  const Conv2dShape lenet = conv({128, 28, 28, 1}, {6, 5, 5}, {2, 2, 2, 2});
  const DirectPass pass = plan_pass(lenet.N, forward_correlation(frame_of(lenet)));
  CHECK_EQ(pass.groups.own, 6);
  CHECK_EQ(pass.bands.rows, 10);
  CHECK_EQ(pass.bands.count, 3);
  CHECK_EQ(plan_weight(lenet).parts, kDirectBlocks);
  const auto bytes = [](int64_t rows) { return 1000 * rows + 4000; };
  CHECK_EQ(divide_rows(1, 100, 5, 1, bytes).rows, 5);     // least
  CHECK_EQ(divide_rows(1, 100, 5, 20, bytes).count, 5);   // wanted
  CHECK_EQ(divide_rows(500, 100, 5, 1, bytes).rows, 34);  // three, for at most 45 rows fit
  CHECK_EQ(divide_rows(500, 4, 5, 9, bytes).rows, 4);     // no more than there are
  CHECK_EQ(divide_rows(1, 100, 46, 1, bytes).rows, 0);    // too few fit
  for (int64_t H = 3; H < 400; H += 9) {
    for (const int64_t C : {1, 3, 10, 16}) {
      const Conv2dShape s = conv({4096, H, 30, C}, {16, 3, 3}, {1, 1, 1, 1}, {1, 2, 1, 1, 1});
      const DirectPass p = plan_pass(s.N, forward_correlation(frame_of(s)));
      CHECK((p.filter_floats + p.frame.channels * p.frame.channel) * 4 <= kMostDirectBytes);
      const WeightPass g = plan_weight(s);
      CHECK((g.dy_at + g.dy.rows * g.dy.row) * 4 <= kMostDirectBytes);
      CHECK(p.bands.rows > 0 && p.bands.rows * p.bands.count >= H);
      CHECK(p.bands.rows * (p.bands.count - 1) < H);
    }
  }
}

void check_direct(Conv2dShape s) {
  const Case name(described(s));
  CHECK(takes_direct(s));
  const conv2d::Operands o = operands(s), sizes = magnitudes_of(o);
  const Inputs in(o), in_sizes(sizes);
  const Run ref{ref::table, 1};
  const auto check = [&](const auto& pass, const Values& sums, int64_t terms) {
    std::vector<double> bounds(sums.begin(), sums.end());
    for (double& bound : bounds) bound *= static_cast<double>(terms) * kU;
    const OpTable& table = *on_cpu_table(ref::table);
    const Values got = pass(Run{table, 1});
    check_close(got, pass(ref), bounds);
    for (const int threads : {2, 3}) check_same_bits(pass(Run{table, threads}), got);
  };
  check([&](const Run& run) { return forward(run, s, in, true); }, forward(ref, s, in_sizes, true),
        depth_of(s, s.C) + 2);
  for (const Write write : {Write::kSet, Write::kAdd}) {
    s.write = write;
    check([&](const Run& run) { return backward_data(run, s, in, o.before_dx); },
          backward_data(ref, s, in_sizes, sizes.before_dx), depth_of(s, s.K) + 1);
    check([&](const Run& run) { return backward_weight(run, s, in, o.before_dw); },
          backward_weight(ref, s, in_sizes, sizes.before_dw), s.N * s.window.P * s.window.Q + 1);
  }
}

BRASA_TEST(cuda_direct_convolutions_equal_the_reference) {
  for (const int64_t C : {1, 3, 6}) {
    for (const int64_t K : {6, 10, 16}) {
      check_direct(conv({2, 13, 11, C}, {K, 5, 5}));
      check_direct(conv({1, 9, 15, C}, {K, 3, 3}, {1, 1, 1, 1}));
      check_direct(conv({1, 11, 10, C}, {K, 3, 3}, {1, 1, 1, 1}, {2, 2, 1, 1, 1}));
      check_direct(conv({1, 10, 9, C}, {K, 3, 3}, {2, 2, 2, 2}, {1, 1, 2, 2, 1}));
    }
  }
  check_direct(conv({3, 40, 37, 2}, {5, 3, 3}, {1, 1, 1, 1}));        // bands
  check_direct(conv({1, 33, 9, 16}, {16, 3, 7}, {0, 0, 3, 3}));       // taps in two chunks
  check_direct(conv({1, 6, 7, 16}, {32, 4, 4}, {2, 1, 2, 1}));        // items of two blocks
  check_direct(conv({1, 12, 7, 2}, {7, 1, 2}, {}, {3, 3, 1, 1, 1}));  // phases without taps
  check_direct(conv({1, 9, 13, 3}, {8, 2, 3}, {1, 2, 3, 0}, {2, 3, 3, 2, 1}));  // of everything
  check_direct(conv({1, 3, 2, 2}, {3, 7, 5}, {3, 3, 4, 4}));                    // mostly padding
}

// Each block adds several bands.
BRASA_TEST(cuda_direct_convolutions_of_many_images_equal_the_reference) {
  check_direct(conv({601, 4, 4, 1}, {4, 2, 2}));
}

BRASA_TEST(cuda_eight_filters_for_each_thread_equal_four) {
  Conv2dShape s = conv({66, 46, 46, 1}, {8, 1, 2});
  CHECK_EQ(plan_pass(s.N, forward_correlation(frame_of(s))).groups.own, 8);
  const Run run{*on_cpu_table(ref::table), 2};
  conv2d::Operands o = operands(s);
  Values all = forward(run, s, Inputs(o), true);
  s.N = 2;
  CHECK_EQ(plan_pass(s.N, forward_correlation(frame_of(s))).groups.own, 4);
  o.x.resize(static_cast<size_t>(x_count(s)));
  all.resize(static_cast<size_t>(y_count(s)));
  check_same_bits(forward(run, s, Inputs(o), true), all);
}

}  // namespace
}  // namespace brasa::cuda
