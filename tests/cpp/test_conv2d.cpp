#include "conv2d_case.h"

namespace brasa::test::conv2d {
namespace {

// The bounds: so many products, and two more terms, times u times the sum of absolute products.
void check_forward(Conv2dShape s, Activation activation, bool with_bias) {
  const Case name("forward ", with_bias ? "bias " : "", static_cast<int>(activation.kind));
  const Operands o = operands(s);
  const Inputs in(o);
  const Values sums = forward(Run{ref::table, 1}, s, Inputs(magnitudes_of(o)), with_bias);
  const int64_t terms = s.window.R * s.window.S * s.C / s.groups + 2;
  s.activation = activation;
  const auto bound = [&](size_t i, float want) {
    return static_cast<double>(terms) * kU * sums[i] + 8 * kU * std::abs(want);
  };
  check_tables([&](const Run& run) { return forward(run, s, in, with_bias); }, bound);
  check_tables([&](const Run& run) { return forward_packed(run, s, in, with_bias); }, bound);
}

void check_backward(Conv2dShape s, Write write) {
  const Operands o = operands(s), sizes = magnitudes_of(o);
  const Inputs in(o), in_sizes(sizes);
  s.write = write;
  const char* added = write == Write::kAdd ? " add" : "";
  {
    const Case name("backward_data", added);
    const Values sums = backward_data(Run{ref::table, 1}, s, in_sizes, sizes.before_dx);
    const int64_t terms = s.window.R * s.window.S * s.K / s.groups + 1;
    check_tables([&](const Run& run) { return backward_data(run, s, in, o.before_dx); },
                 [&](size_t i, float) { return static_cast<double>(terms) * kU * sums[i]; });
  }
  const Case name("backward_weight", added);
  const Values sums = backward_weight(Run{ref::table, 1}, s, in_sizes, sizes.before_dw);
  const int64_t terms = s.N * s.window.P * s.window.Q + 1;
  check_tables([&](const Run& run) { return backward_weight(run, s, in, o.before_dw); },
               [&](size_t i, float) { return static_cast<double>(terms) * kU * sums[i]; });
}

void check_conv(const Conv2dShape& s) {
  const Case name(described(s));
  check_forward(s, kLinear, true);
  check_backward(s, Write::kSet);
}

BRASA_TEST(conv2d_equals_the_reference_for_every_batch) {
  // Batches around 8 and 16 images, the vector widths of layouts with the batch in the lanes.
  for (const int64_t N : {0, 1, 2, 7, 8, 9, 15, 16, 17, 33}) {
    check_conv(conv({N, 9, 8, 1}, {6, 5, 5}, {2, 2, 2, 2}));
    check_conv(conv({N, 7, 6, 6}, {16, 5, 5}));
    check_conv(conv({N, 5, 6, 3}, {4, 3, 3}, {1, 1, 1, 1}));
  }
}

BRASA_TEST(conv2d_equals_the_reference_for_every_channel_count) {
  for (const int64_t C : {1, 2, 3, 7, 8, 9, 16, 17, 33}) {
    for (const int64_t K : {1, 3, 5, 6, 8, 14, 15, 16, 17, 31, 32, 33}) {
      check_conv(conv({2, 5, 4, C}, {K, 3, 3}, {1, 1, 1, 1}));
    }
    check_conv(conv({3, 6, 5, C}, {C + 1, 1, 1}));
    check_conv(conv({1, 7, 8, C}, {5, 5, 5}, {2, 2, 2, 2}));
  }
}

BRASA_TEST(conv2d_equals_the_reference_for_every_image_size) {
  for (const int64_t H : {1, 2, 3, 5, 14}) {
    for (const int64_t W : {1, 2, 6, 7, 13, 16, 17, 31}) {
      check_conv(conv({2, H, W, 3}, {7, 3, 3}, {1, 1, 1, 1}));
      check_conv(conv({1, H, W, 16}, {16, 3, 3}, {1, 1, 1, 1}));
    }
  }
  check_conv(conv({2, 1, 19, 4}, {6, 1, 3}));  // a sequence
  check_conv(conv({2, 23, 1, 4}, {6, 4, 1}));
  check_conv(conv({3, 3, 3, 8}, {10, 3, 3}));  // the window is the image
}

BRASA_TEST(conv2d_equals_the_reference_for_strides_pads_and_dilation) {
  for (const Pads pads : {Pads{0, 0, 0, 0}, Pads{1, 1, 1, 1}, Pads{0, 1, 0, 1}, Pads{2, 0, 1, 3}}) {
    for (const Steps steps :
         {Steps{2, 2, 1, 1, 1}, Steps{1, 2, 1, 1, 1}, Steps{3, 1, 1, 1, 1}, Steps{4, 3, 1, 1, 1},
          Steps{1, 1, 2, 2, 1}, Steps{1, 1, 1, 3, 1}, Steps{2, 3, 2, 1, 1}, Steps{2, 1, 3, 2, 1}}) {
      check_conv(conv({2, 11, 10, 3}, {5, 3, 3}, pads, steps));
      check_conv(conv({1, 9, 12, 8}, {17, 2, 3}, pads, steps));
    }
    check_conv(conv({3, 6, 7, 5}, {9, 1, 1}, pads));  // 1x1 windows that see only padding
    check_conv(conv({2, 9, 7, 8}, {16, 1, 1}, pads, {2, 2, 1, 1, 1}));
    check_conv(conv({2, 12, 13, 2}, {4, 5, 5}, pads, {2, 2, 1, 1, 1}));
    check_conv(conv({2, 8, 8, 4}, {6, 2, 2}, pads, {2, 2, 1, 1, 1}));
  }
  check_conv(conv({1, 3, 2, 2}, {3, 7, 5}, {3, 3, 4, 4}));  // the window is larger than the image
}

// Their data gradient is the convolution of dy with the filters turned round.
BRASA_TEST(conv2d_equals_the_reference_for_few_filters_at_unit_stride) {
  check_conv(conv({2, 31, 30, 19}, {7, 2, 3}, {0, 1, 1, 1}));
  check_conv(conv({1, 20, 22, 16}, {12, 5, 3}, {4, 0, 1, 1}));
  check_conv(conv({1, 20, 22, 16}, {12, 5, 3}, {0, 4, 0, 2}));
  check_conv(conv({3, 40, 40, 17}, {5, 3, 3}, {2, 2, 2, 2}, {1, 1, 2, 2, 1}));
  check_conv(conv({3, 12, 11, 33}, {16, 4, 4}, {2, 1, 1, 2}));
}

BRASA_TEST(conv2d_equals_the_reference_for_groups) {
  for (const int64_t N : {1, 9}) {
    for (const Steps steps : {Steps{1, 1, 1, 1, 2}, Steps{2, 1, 1, 2, 2}}) {
      check_conv(conv({N, 7, 6, 4}, {6, 3, 3}, {1, 1, 1, 1}, steps));
      check_conv(conv({N, 7, 6, 32}, {34, 3, 3}, {1, 0, 0, 1}, steps));
      check_conv(conv({N, 6, 6, 6}, {2, 1, 1}, {0, 0, 0, 0}, steps));
    }
    check_conv(conv({N, 6, 5, 9}, {15, 3, 3}, {1, 1, 1, 1}, {1, 1, 1, 1, 3}));
    for (const int64_t C : {1, 3, 8, 17}) {  // depthwise, with one and two filters for a channel
      check_conv(conv({N, 6, 5, C}, {C, 3, 3}, {1, 1, 1, 1}, {1, 1, 1, 1, C}));
      check_conv(conv({N, 6, 5, C}, {2 * C, 5, 3}, {2, 2, 1, 1}, {2, 2, 1, 1, C}));
    }
  }
}

// Widths below, at and above a tile of windows, heights of one row and of several bands; channels in parts of vectors.
BRASA_TEST(conv2d_equals_the_reference_for_a_filter_to_each_channel) {
  for (const int64_t C : {2, 5, 16, 35}) {
    const Steps plain{1, 1, 1, 1, C}, coarse{2, 2, 1, 1, C};
    for (const int64_t W : {1, 3, 4, 7, 9}) {
      check_conv(conv({2, 5, W, C}, {C, 3, 3}, {1, 1, 1, 1}, plain));
      check_conv(conv({1, 6, W, C}, {C, 3, 3}, {1, 1, 1, 1}, coarse));
      check_conv(conv({1, 1, W, C}, {C, 1, 5}, {0, 0, 2, 2}, plain));
    }
    for (const Pads pads : {Pads{0, 0, 0, 0}, Pads{2, 0, 1, 3}, Pads{4, 4, 4, 4}}) {
      check_conv(conv({2, 9, 8, C}, {C, 5, 5}, pads, plain));
      check_conv(conv({2, 9, 8, C}, {C, 5, 5}, pads, coarse));
      check_conv(conv({1, 8, 9, C}, {C, 7, 7}, pads, plain));
      check_conv(conv({1, 8, 9, C}, {C, 2, 3}, pads, plain));
      check_conv(conv({1, 9, 8, C}, {C, 3, 3}, pads, {3, 1, 1, 1, C}));
      check_conv(conv({1, 9, 8, C}, {C, 3, 3}, pads, {1, 1, 2, 2, C}));
      check_conv(conv({1, 9, 9, C}, {C, 3, 2}, pads, {2, 3, 2, 1, C}));
    }
  }
  check_conv(conv({0, 5, 5, 4}, {4, 3, 3}, {1, 1, 1, 1}, {1, 1, 1, 1, 4}));
  check_conv(conv({9, 28, 27, 19}, {19, 3, 3}, {1, 1, 1, 1}, {1, 1, 1, 1, 19}));  // many chunks
}

// Groups of which a vector holds several, one, or a part, and whose last vector is not full.
BRASA_TEST(conv2d_equals_the_reference_for_narrow_groups) {
  for (const auto& [groups, width] :
       {std::pair<int64_t, int64_t>{3, 2}, {20, 2}, {7, 4}, {3, 8}, {2, 16}, {3, 3}}) {
    const int64_t C = groups * width;
    const Steps plain{1, 1, 1, 1, groups}, coarse{2, 2, 1, 1, groups};
    for (const int64_t W : {1, 3, 4, 9}) {
      check_conv(conv({2, 5, W, C}, {C, 3, 3}, {1, 1, 1, 1}, plain));
      check_conv(conv({1, 6, W, C}, {C, 3, 3}, {1, 1, 1, 1}, coarse));
      check_conv(conv({1, 2, W, C}, {C, 1, 5}, {0, 0, 2, 2}, plain));
    }
    for (const Pads pads : {Pads{0, 0, 0, 0}, Pads{2, 0, 1, 3}}) {
      check_conv(conv({2, 6, 7, C}, {C, 5, 4}, pads, plain));
      check_conv(conv({1, 7, 8, C}, {C, 3, 3}, pads, {3, 1, 1, 1, groups}));
      check_conv(conv({1, 7, 8, C}, {C, 3, 3}, pads, {1, 2, 2, 1, groups}));
    }
  }
  check_conv(conv({9, 28, 27, 20}, {20, 3, 3}, {1, 1, 1, 1}, {1, 1, 1, 1, 5}));  // many chunks
}

BRASA_TEST(conv2d_epilogue_equals_the_reference) {
  for (const ActivationKind kind :
       {ActivationKind::kNone, ActivationKind::kRelu, ActivationKind::kLeakyRelu,
        ActivationKind::kElu, ActivationKind::kSigmoid, ActivationKind::kTanh,
        ActivationKind::kGelu, ActivationKind::kGeluTanh, ActivationKind::kSilu}) {
    for (const Conv2dShape& s :
         {conv({17, 8, 8, 1}, {6, 5, 5}, {2, 2, 2, 2}),
          conv({2, 6, 6, 16}, {20, 3, 3}, {1, 1, 1, 1}), conv({3, 6, 5, 7}, {9, 1, 1}),
          conv({2, 6, 5, 8}, {8, 3, 3}, {}, {1, 1, 1, 1, 8}),
          conv({2, 6, 5, 8}, {8, 3, 3}, {}, {1, 1, 1, 1, 2})}) {
      const Case name(described(s));
      check_forward(s, {kind, 0.2f}, true);
      check_forward(s, {kind, 0.2f}, false);
    }
  }
}

BRASA_TEST(conv2d_gradients_are_added) {
  for (const Conv2dShape& s :
       {conv({17, 8, 8, 1}, {6, 5, 5}, {2, 2, 2, 2}), conv({0, 8, 8, 1}, {6, 5, 5}),
        conv({9, 8, 7, 6}, {16, 5, 5}), conv({33, 14, 14, 6}, {16, 5, 5}),
        conv({2, 6, 6, 16}, {20, 3, 3}, {1, 1, 1, 1}), conv({3, 6, 5, 7}, {9, 1, 1}),
        conv({2, 9, 9, 4}, {6, 2, 2}, {}, {3, 3, 1, 1, 2}),
        conv({2, 6, 5, 8}, {8, 3, 3}, {}, {1, 1, 1, 1, 8}),
        conv({2, 7, 6, 9}, {9, 3, 3}, {1, 1, 1, 1}, {2, 2, 1, 1, 9})}) {
    const Case name(described(s));
    check_backward(s, Write::kAdd);
  }
}

// Longer than what kernels block by: sums over taps, filters and pixels, rows of pixels, and one row
// of the image that is larger than a cache.
BRASA_TEST(conv2d_equals_the_reference_beyond_a_block) {
  for (const Conv2dShape& s :
       {conv({1, 6, 5, 67}, {40, 3, 3}, {1, 1, 1, 1}),
        conv({2, 4, 4, 9}, {531, 3, 3}, {1, 1, 1, 1}), conv({2, 5, 4, 300}, {290, 1, 1}),
        conv({1, 3, 1031, 2}, {5, 3, 3}, {1, 1, 1, 1}),
        conv({1, 3, 9, 4099}, {2, 3, 3}, {1, 1, 1, 1}),
        conv({3, 5, 14, 32}, {6, 3, 3}, {1, 1, 1, 1}),
        conv({1, 3, 5, 600}, {606, 2, 2}, {0, 1, 0, 1}, {1, 1, 1, 1, 2})}) {
    check_conv(s);
    const Case name(described(s));
    check_backward(s, Write::kAdd);
  }
}

BRASA_TEST(conv2d_equals_the_reference_on_layers_of_networks) {
  check_conv(conv({20, 28, 28, 1}, {6, 5, 5}, {2, 2, 2, 2}));
  check_conv(conv({33, 14, 14, 6}, {16, 5, 5}));
  check_conv(conv({1, 20, 21, 32}, {33, 3, 3}, {1, 1, 1, 1}));
  check_conv(conv({2, 15, 15, 64}, {48, 1, 1}));
  check_conv(conv({1, 32, 32, 3}, {16, 7, 7}, {2, 3, 2, 3}, {2, 2, 1, 1, 1}));
}

// Errors of transformed tiles go with the largest sum, not with an element's own.
double largest(const Values& sums) {
  float most = 0;
  for (const float sum : sums) most = std::max(most, sum);
  return most;
}

// The transforms err more than a direct sum: 3 to 7 times by root mean square.
constexpr double kTiled = 4 * kU;

void check_tiles(Conv2dShape s, Write write) {
  const Case name("winograd ", described(s), write == Write::kAdd ? " add" : "");
  const Operands o = operands(s), sizes = magnitudes_of(o);
  const Inputs in(o), in_sizes(sizes);
  const Run ref{ref::table, 1};
  s.write = write;
  s.winograd = Winograd::kAlways;
  const int64_t taps = 9 + 2;
  if (write == Write::kSet) {
    const double most = largest(forward(ref, s, in_sizes, true));
    s.activation = {ActivationKind::kLeakyRelu, 0.2f};
    check_tables([&](const Run& run) { return forward(run, s, in, true); },
                 [&](size_t, float) { return static_cast<double>(taps * s.C) * kTiled * most; });
    s.activation = kLinear;
  }
  const double most_dx = largest(backward_data(ref, s, in_sizes, sizes.before_dx));
  check_tables([&](const Run& run) { return backward_data(run, s, in, o.before_dx); },
               [&](size_t, float) { return static_cast<double>(taps * s.K) * kTiled * most_dx; });
  const double most_dw = largest(backward_weight(ref, s, in_sizes, sizes.before_dw));
  const int64_t pixels = s.N * s.window.P * s.window.Q + 9;
  check_tables([&](const Run& run) { return backward_weight(run, s, in, o.before_dw); },
               [&](size_t, float) { return static_cast<double>(pixels) * kTiled * most_dw; });
}

BRASA_TEST(conv2d_by_tiles_equals_the_reference) {
  for (const Write write : {Write::kSet, Write::kAdd}) {
    for (const int64_t H : {1, 3, 4, 5, 9}) {
      for (const int64_t C : {1, 7, 16, 33}) {
        check_tiles(conv({2, H, 6, C}, {9, 3, 3}, {1, 1, 1, 1}), write);
        check_tiles(conv({1, 4, H, 3}, {C, 3, 3}, {2, 0, 1, 3}), write);
      }
    }
    check_tiles(conv({0, 6, 6, 3}, {4, 3, 3}), write);
    check_tiles(conv({1, 6, 6, 3}, {5, 3, 3}, {4, 4, 4, 4}), write);  // only padding is read
    check_tiles(conv({1, 5, 6, 330}, {40, 3, 3}, {1, 1, 1, 1}), write);
    for (const int64_t H : {5, 6, 11, 17}) {
      check_tiles(conv({2, H, 9, 7}, {9, 3, 3}, {2, 2, 3, 3}, {1, 1, 2, 3}), write);
    }
    check_tiles(conv({1, 4, 3, 6}, {5, 3, 3}, {9, 8, 7, 9}, {1, 1, 7, 5}), write);  // empty tiles
  }
  // Blocks of tiles forward, rounds of them for the gradient of the weights.
  check_tiles(conv({3, 21, 22, 64}, {40, 3, 3}, {1, 1, 1, 1}), Write::kSet);
  check_tiles(conv({4, 42, 41, 65}, {17, 3, 3}), Write::kAdd);
}

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

// The oracle's own check: y is linear in x and in w, so <y, dy> = <x, dx> = <w, dw>.
BRASA_TEST(conv2d_reference_gradients_are_adjoint) {
  for (const Conv2dShape& s :
       {conv({2, 11, 10, 6}, {8, 3, 3}, {2, 0, 1, 3}, {2, 3, 2, 1, 2}),
        conv({3, 7, 8, 4}, {5, 2, 4}, {1, 0, 0, 2}), conv({1, 9, 9, 2}, {3, 2, 2}, {}, {3, 4})}) {
    const Case name(described(s));
    const Operands o = operands(s);
    const Inputs in(o);
    const Run run{ref::table, 1};
    const double product = dot(forward(run, s, in, false), o.dy);
    CHECK(std::abs(product - dot(o.x, backward_data(run, s, in, {}))) < 1e-4);
    CHECK(std::abs(product - dot(o.w, backward_weight(run, s, in, {}))) < 1e-4);
  }
}

// By hand: a 3x3 image, a 2x2 filter, the output 1 - 5 = 2 - 6 = ... = -4, plus the bias.
BRASA_TEST(conv2d_reference_gives_the_worked_example) {
  const Conv2dShape s = conv({1, 3, 3, 1}, {1, 2, 2});
  const Inputs in({{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 0, 0, -1}, {0.5f}, {1, 2, 3, 4}, {}, {}});
  const Run run{ref::table, 1};
  CHECK((forward(run, s, in, true) == Values{-3.5f, -3.5f, -3.5f, -3.5f}));
  CHECK((backward_data(run, s, in, {}) == Values{1, 2, 0, 3, 3, -2, 0, -3, -4}));
  CHECK((backward_weight(run, s, in, {}) == Values{37, 47, 67, 77}));
}

}  // namespace
}  // namespace brasa::test::conv2d
