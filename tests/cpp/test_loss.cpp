#include "loss_case.h"

namespace brasa::test::loss {
namespace {

void check_loss(const LossCase& c) {
  const Case name("kind ", static_cast<int>(c.shape.kind), " rows ", c.shape.rows, " classes ",
                  c.shape.classes, " delta ", c.shape.delta, " targets ",
                  static_cast<int>(c.targets), c.weighted ? " weighted" : "");
  const Operands o = operands(c);
  const Inputs in(c, o);
  const std::vector<double> bounds = bounds_of(c, o);
  const auto bound = [&](size_t i, float want) { return bounds[i] + 2 * kU * std::abs(want); };
  for (const Gradient gradient : {Gradient::kNone, Gradient::kNew, Gradient::kInPlace}) {
    if (gradient != Gradient::kNew && !c.weighted) continue;
    const Case where("gradient ", static_cast<int>(gradient));
    check_tables([&](const Run& run) { return loss_and_gradient(run, c, in, gradient); }, bound);
  }
}

// The rows go around the chunks of kLossChunk, the classes around the vectors.
std::vector<LossShape> shapes(LossKind kind) {
  std::vector<LossShape> list;
  for (const int64_t classes : {1, 2, 3, 7, 8, 9, 10, 16, 17, 33, 100}) {
    for (const int64_t rows : {0, 1, 2, 9, 64, 65, 200}) list.push_back({rows, classes, kind});
  }
  list.push_back({1009, 10, kind});
  list.push_back({3, 1009, kind});
  return list;
}

BRASA_TEST(loss_softmax_cross_entropy_equals_the_reference) {
  for (const LossShape& s : shapes(LossKind::kSoftmaxCrossEntropy)) {
    const int64_t count = s.rows * s.classes;
    check_loss({s, Targets::kLabels, false, random_values(count, 9, -4.f, 4.f)});
    check_loss({s, Targets::kLabels, true, random_values(count, 9, -60.f, 60.f)});
    check_loss({s, Targets::kOneHot, false, random_values(count, 9, -4.f, 4.f)});
    check_loss({s, Targets::kDense, true, random_values(count, 9, -4.f, 4.f)});
  }
}

BRASA_TEST(loss_softmax_cross_entropy_of_huge_logits_is_no_nan) {
  for (const int64_t classes : {1, 3, 10, 16, 33}) {
    for (const Targets targets : {Targets::kLabels, Targets::kOneHot}) {
      LossCase c{{70, classes, LossKind::kSoftmaxCrossEntropy}, targets, false, {}};
      c.pred = random_values(70 * classes, 9, -1e38f, 1e38f);
      for (size_t i = 0; i < c.pred.size(); i += 3) c.pred[i] = i % 2 == 0 ? 1e38f : -1e38f;
      check_loss(c);
    }
  }
}

// Classes that a model rules out: where nobody asks for them, they cost nothing.
BRASA_TEST(loss_softmax_cross_entropy_ignores_logits_of_minus_infinity) {
  for (const int64_t classes : {2, 3, 8, 10, 33}) {
    for (const Targets targets : {Targets::kLabels, Targets::kOneHot}) {
      LossCase c{{70, classes, LossKind::kSoftmaxCrossEntropy}, targets, true, {}};
      c.pred = random_values(70 * classes, 9, -4.f, 4.f);
      LossCase by_label = c;
      by_label.targets = Targets::kLabels;
      const std::vector<int32_t> labels = operands(by_label).labels;
      for (int64_t i = 0; i < 70; ++i) {
        const int64_t other = (labels[static_cast<size_t>(i)] + 1) % classes;
        c.pred[static_cast<size_t>(i * classes + other)] = -INFINITY;
      }
      check_loss(c);
    }
  }
}

BRASA_TEST(loss_cross_entropy_equals_the_reference) {
  for (const LossShape& s : shapes(LossKind::kCrossEntropy)) {
    const Values pred = random_values(s.rows * s.classes, 9, 0.01f, 1.f);
    check_loss({s, Targets::kLabels, false, pred});
    check_loss({s, Targets::kOneHot, true, pred});
    check_loss({s, Targets::kDense, false, pred});
  }
}

// Rows of zeros and one 1: the target's own class has probability 1, or 0, and the clip acts.
BRASA_TEST(loss_cross_entropy_clips) {
  for (const int64_t classes : {1, 2, 5, 8, 17}) {
    for (const Targets targets : {Targets::kLabels, Targets::kOneHot, Targets::kDense}) {
      LossCase c{{67, classes, LossKind::kCrossEntropy}, targets, false, {}};
      c.pred.assign(static_cast<size_t>(67 * classes), 0.f);
      for (int64_t i = 0; i < 67; ++i) c.pred[static_cast<size_t>(i * classes + i % classes)] = 1.f;
      check_loss(c);
    }
  }
}

BRASA_TEST(loss_binary_cross_entropy_of_logits_equals_the_reference) {
  for (const LossShape& s : shapes(LossKind::kBinaryCrossEntropyLogits)) {
    const int64_t count = s.rows * s.classes;
    check_loss({s, Targets::kDense, false, random_values(count, 9, -4.f, 4.f)});
    check_loss({s, Targets::kOneHot, true, random_values(count, 9, -90.f, 90.f)});
  }
  const LossShape s{65, 3, LossKind::kBinaryCrossEntropyLogits};
  check_loss({s, Targets::kOneHot, false, random_values(65 * 3, 9, -1e38f, 1e38f)});
}

BRASA_TEST(loss_binary_cross_entropy_equals_the_reference) {
  for (const LossShape& s : shapes(LossKind::kBinaryCrossEntropy)) {
    Values pred = random_values(s.rows * s.classes, 9, 0.01f, 0.99f);
    check_loss({s, Targets::kDense, false, pred});
    check_loss({s, Targets::kOneHot, true, pred});
    const float clipped[] = {0.f, 1.f, 1e-9f, 5e-8f, -0.f};
    for (size_t i = 0; i < pred.size(); i += 3) pred[i] = clipped[i % std::size(clipped)];
    check_loss({s, Targets::kDense, true, pred});
    check_loss({s, Targets::kOneHot, false, pred});
  }
}

BRASA_TEST(loss_mean_squared_error_equals_the_reference) {
  for (const LossShape& s : shapes(LossKind::kMeanSquaredError)) {
    const Values pred = random_values(s.rows * s.classes, 9, -2.f, 2.f);
    check_loss({s, Targets::kDense, false, pred});
    check_loss({s, Targets::kDense, true, pred});
  }
}

BRASA_TEST(loss_mean_absolute_error_equals_the_reference) {
  for (const LossShape& s : shapes(LossKind::kMeanAbsoluteError)) {
    const Values pred = random_values(s.rows * s.classes, 9, -2.f, 2.f);
    check_loss({s, Targets::kDense, false, pred});
    check_loss({s, Targets::kDense, true, pred});
  }
}

// Whole predictions against the targets 0 and 1: more than a third of them are met, without a slope.
BRASA_TEST(loss_mean_absolute_error_has_no_slope_at_the_target) {
  for (const int64_t classes : {1, 3, 8, 10, 17, 33}) {
    LossCase c{{70, classes, LossKind::kMeanAbsoluteError}, Targets::kOneHot, true, {}};
    const float whole[] = {0.f, 1.f, -0.f, 2.f, 0.f};
    for (size_t i = 0; i < static_cast<size_t>(70 * classes); ++i) {
      c.pred.push_back(whole[i % std::size(whole)]);
    }
    check_loss(c);
    const Operands o = operands(c);
    const Values all = loss_and_gradient(Run{ref::table, 1}, c, Inputs(c, o), Gradient::kNew);
    for (size_t i = 0; i < c.pred.size(); ++i) {
      CHECK((all[1 + i] == 0) == (c.pred[i] == o.dense[i]));
    }
  }
}

BRASA_TEST(loss_huber_equals_the_reference) {
  for (LossShape s : shapes(LossKind::kHuber)) {
    const Values pred = random_values(s.rows * s.classes, 9, -2.f, 2.f);
    for (const float delta : {0x1p-10f, 0.3f, 1.f, 0x1p40f}) {
      s.delta = delta;
      check_loss({s, Targets::kDense, delta == 0.3f, pred});
    }
  }
}

// Errors of exactly -delta, 0 and delta, and the floats beside them: a slope is the error or +-delta.
BRASA_TEST(loss_huber_clamps_the_slope) {
  constexpr float kDelta = 0.5f, kAbove = 0x1.000002p-1f, kBelow = 0x1.fffffep-2f;
  const float errors[] = {-kAbove, -kDelta, -kBelow, 0.f, kBelow, kDelta, kAbove, 1e38f};
  for (const int64_t classes : {1, 3, 8, 10, 17, 33}) {
    LossCase c{{64, classes, LossKind::kHuber, kDelta}, Targets::kDense, false, {}};
    for (size_t i = 0; i < static_cast<size_t>(64 * classes); ++i) {
      c.pred.push_back(errors[i % std::size(errors)]);
    }
    Operands o = operands(c);
    for (float& t : o.dense) t = 0.f;
    const Inputs in(c, o);
    const auto gradient = [&](const Run& run) {
      Values all = loss_and_gradient(run, c, in, Gradient::kNew);
      all.erase(all.begin());
      return all;
    };
    const Values want = gradient(Run{ref::table, 1});
    for (size_t i = 0; i < want.size(); ++i) {
      const float slope = std::min(kDelta, std::max(-kDelta, c.pred[i]));
      CHECK(std::abs(want[i] * static_cast<float>(want.size()) - slope) <= 4 * kU);
    }
    check_tables(gradient, [](size_t, float value) { return 4 * kU * std::abs(value); });
  }
}

// The oracle's own check: its gradient against central differences of its loss. The loss is a float32
// of size 2, so that differences over 2 * 2^-7 err by 2 u / 2^-7 < 2e-5; the third derivatives, at most
// 4 here but for probabilities of 0.2 (2 / 0.2^3 = 250), by 250 * 2^-14 / 6 < 3e-3. Where the second
// derivative jumps by 1, at Huber's delta, by 2^-7 / 4.
BRASA_TEST(loss_reference_gradients_are_derivatives) {
  constexpr float kStep = 0x1p-7f;
  for (const LossKind kind :
       {LossKind::kSoftmaxCrossEntropy, LossKind::kCrossEntropy,
        LossKind::kBinaryCrossEntropyLogits, LossKind::kBinaryCrossEntropy,
        LossKind::kMeanSquaredError, LossKind::kMeanAbsoluteError, LossKind::kHuber}) {
    const Case name("kind ", static_cast<int>(kind));
    LossCase c{{3, 4, kind, 0.25f}, Targets::kDense, true, random_values(12, 9, 0.2f, 0.8f)};
    const Operands o = operands(c);
    const Run run{ref::table, 1};
    const Values all = loss_and_gradient(run, c, Inputs(c, o), Gradient::kNew);
    for (size_t i = 0; i < c.pred.size(); ++i) {
      LossCase above = c, below = c;
      above.pred[i] += kStep;
      below.pred[i] -= kStep;
      const double difference =
          double{loss_and_gradient(run, above, Inputs(above, o), Gradient::kNone)[0]} -
          double{loss_and_gradient(run, below, Inputs(below, o), Gradient::kNone)[0]};
      CHECK(std::abs(difference / (2 * kStep) - all[1 + i]) < 3e-3);
    }
  }
}

// By hand: two rows of logits (0, log 3), labels 1 and 0: -log(3/4) and -log(1/4), halved.
BRASA_TEST(loss_reference_gives_the_worked_example) {
  LossCase c{{2, 2, LossKind::kSoftmaxCrossEntropy}, Targets::kLabels, false, {}};
  c.pred = {0.f, std::log(3.f), 0.f, std::log(3.f)};
  Operands o;
  o.labels = {1, 0};
  const Values all = loss_and_gradient(Run{ref::table, 1}, c, Inputs(c, o), Gradient::kNew);
  const double want[] = {(std::log(4.0 / 3) + std::log(4.0)) / 2, 0.125, -0.125, -0.375, 0.375};
  for (size_t i = 0; i < all.size(); ++i) CHECK(std::abs(all[i] - want[i]) < 1e-7);
}

}  // namespace
}  // namespace brasa::test::loss
