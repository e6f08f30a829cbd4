#include "core/random.h"
#include "harness.h"

namespace brasa::test {
namespace {

struct State {
  int64_t seed, step;
};

Values cropped(const Run& run, const CropFlipShape& s, State at, const Values& xs) {
  const Input<float> x(xs);
  const Input<int64_t> state(std::vector<int64_t>{at.seed, at.step});
  const Guarded<float> y(s.N * s.P * s.Q * s.C);
  run(0, [&](const Exec& exec) {
    run.table.crop_flip_forward(exec, s, state.data(), x.data(), y.data());
  });
  return y.values();
}

Values returned(const Run& run, const CropFlipShape& s, State at, const Values& dys) {
  const Input<float> dy(dys);
  const Input<int64_t> state(std::vector<int64_t>{at.seed, at.step});
  const Guarded<float> dx(s.N * s.H * s.W * s.C);
  run(0, [&](const Exec& exec) {
    run.table.crop_flip_backward(exec, s, state.data(), dy.data(), dx.data());
  });
  return dx.values();
}

void check_crop_flip(const CropFlipShape& s, State state = {42, 7}) {
  const Case name("x (", s.N, ",", s.H, ",", s.W, ",", s.C, ") y (", s.P, ",", s.Q, ") top ",
                  s.tops.first, "+", s.tops.count, " left ", s.lefts.first, "+", s.lefts.count,
                  " fill ", static_cast<int>(s.fill), " flips ", s.vertical, s.horizontal);
  const Values x = random_values(s.N * s.H * s.W * s.C, 1);
  check_tables([&](const Run& run) { return cropped(run, s, state, x); }, kExact);

  // A sum of k addends errs by at most (k - 1) u times the sum of their absolute values; one is exact.
  const Values dy = random_values(s.N * s.P * s.Q * s.C, 2);
  const Run ref{ref::table, 1};
  const Values addends = returned(ref, s, state, Values(dy.size(), 1.f));
  const Values sizes = returned(ref, s, state, absolute(dy));
  check_tables([&](const Run& run) { return returned(run, s, state, dy); },
               [&](size_t i, float) {
                 return addends[i] < 2 ? 0 : double{addends[i]} * kU * double{sizes[i]};
               });
}

constexpr Fill kFills[] = {Fill::kConstant, Fill::kNearest, Fill::kReflect, Fill::kWrap};

// As recipes use it: a window inside the image.
CropFlipShape inside(int64_t N, int64_t H, int64_t W, int64_t C, int64_t P, int64_t Q) {
  return {N, H, W, C, P, Q, {0, H - P + 1}, {0, W - Q + 1}, Fill::kConstant, 0.f, true, true, 3};
}

BRASA_TEST(crop_flip_equals_the_reference_inside_of_images) {
  for (const int64_t C : {1, 2, 3, 4, 5, 17}) check_crop_flip(inside(5, 9, 11, C, 6, 7));
  check_crop_flip(inside(3, 40, 40, 3, 32, 32));
  check_crop_flip(inside(2, 70, 3, 33, 70, 3));  // nothing to choose but the flip
  check_crop_flip(inside(7, 5, 5, 3, 1, 1));
  check_crop_flip(inside(0, 5, 5, 3, 2, 2));
  check_crop_flip(inside(2, 5, 5, 0, 2, 2));
}

BRASA_TEST(crop_flip_equals_the_reference_beyond_the_edges) {
  for (const Fill fill : kFills) {
    CropFlipShape s = inside(4, 5, 7, 3, 5, 7);
    s.fill = fill, s.fill_value = -2.5f;
    // Some, nearly all and then all of the window beyond the edges, before and after.
    for (const Places places : {Places{-2, 5}, Places{-6, 13}, Places{-40, 81}, Places{60, 9}}) {
      s.tops = s.lefts = places;
      check_crop_flip(s);
    }
    s.P = 23, s.Q = 31;  // and images that are smaller than the window
    check_crop_flip(s);
    s.H = 1, s.W = 1, s.tops = {-3, 4}, s.lefts = {-7, 8};
    check_crop_flip(s);
  }
}

BRASA_TEST(crop_flip_fills_where_there_is_no_image) {
  CropFlipShape s = inside(2, 0, 0, 3, 4, 4);
  s.tops = s.lefts = {-1, 3}, s.fill_value = 7.f;
  check_crop_flip(s);
  CHECK(cropped(Run{ref::table, 1}, s, {1, 1}, {}) == Values(2 * 4 * 4 * 3, 7.f));
}

BRASA_TEST(crop_flip_moves_the_bits_of_what_is_not_finite) {
  const CropFlipShape s = inside(3, 6, 6, 3, 4, 4);
  Values x = random_values(s.N * s.H * s.W * s.C, 1);
  for (size_t i = 0; i < x.size(); i += 5) x[i] = i % 2 == 0 ? NAN : -INFINITY;
  check_tables([&](const Run& run) { return cropped(run, s, {5, 5}, x); },
               [](size_t, float) { return 0.0; });
}

// The definition, word by word: where a window begins can be read from an image that holds its own indices.
BRASA_TEST(crop_flip_reference_draws_the_words_of_the_contract) {
  constexpr int64_t kImages = 500, kExtent = 8;
  CropFlipShape s = inside(kImages, kExtent, kExtent, 1, 3, 4);
  s.node = 9;
  Values x;
  for (int64_t n = 0; n < kImages; ++n) {
    for (int i = 0; i < kExtent * kExtent; ++i) x.push_back(static_cast<float>(i));
  }
  const Values y = cropped(Run{ref::table, 1}, s, {77, 3}, x);
  for (int64_t n = 0; n < kImages; ++n) {
    const Philox words = philox(77, static_cast<uint64_t>(n), (uint64_t{3} << 32) + 9);
    const uint64_t top = words.word[0] * uint64_t{6} >> 32,
                   left = words.word[1] * uint64_t{5} >> 32;
    const bool upside_down = words.word[2] >= 0x80000000u, mirrored = words.word[3] >= 0x80000000u;
    const uint64_t corner = (top + (upside_down ? 2 : 0)) * kExtent + left + (mirrored ? 3 : 0);
    CHECK_EQ(y[static_cast<size_t>(n * 12)], static_cast<float>(corner));
  }
}

BRASA_TEST(crop_flip_takes_the_full_range_of_places) {
  constexpr int64_t kAll = int64_t{1} << 32;
  CHECK_EQ(drawn_place({-5, kAll}, 0xFFFFFFFFu), kAll - 6);
  CHECK_EQ(drawn_place({-5, kAll}, 0u), -5);
  CHECK_EQ(drawn_place({3, 1}, 0xFFFFFFFFu), 3);
}

}  // namespace
}  // namespace brasa::test
