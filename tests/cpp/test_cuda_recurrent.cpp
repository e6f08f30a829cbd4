// The two ways through the steps of a recurrent op, a launch for each or one for all, give the same bits.
#include "cuda/kernels.h"
#include "cuda/recurrent_step.cuh"
#include "recurrent_case.h"

namespace brasa::cuda {
namespace {

using namespace brasa::test;

// What belongs to the first rows of the batch: y, h, dx and dh0.
template <class Shape, class Forward, class Backward>
Values first_rows(const Shape& s, int64_t rows, const RecurrentOperands& o, int64_t saved_floats,
                  const Forward& forward, const Backward& backward) {
  const int64_t state = s.N * s.U;
  const Guarded<float> y(state * s.T), h(state), c(state), saved(saved_floats);
  const Guarded<float> dx(s.N * s.T * s.D), dh0(state);
  forward(o.inputs(), RecurrentOutputs{y.data(), h.data(), c.data(), saved.data()});
  backward(o.slopes(saved.data()),
           RecurrentGradients{dx.data(), nullptr, nullptr, nullptr, dh0.data(), nullptr});
  const auto head = [&](const Guarded<float>& all, int64_t width) {
    const Values values = all.values();
    return Values(values.begin(), values.begin() + rows * width);
  };
  return joined({head(y, s.T * s.U), head(h, s.U), head(dx, s.T * s.D), head(dh0, s.U)});
}

Values simple_rnn_rows(const RecurrentShape& sizes, int64_t rows) {
  const SimpleRnnShape s = {sizes, {ActivationKind::kTanh, 0.f}};
  const Run run = {ref::table, 1};
  return first_rows(
      s, rows, RecurrentOperands(s, 1, 1, true), simple_rnn_saved(s),
      [&](const auto& in, const auto& out) {
        run(simple_rnn_forward_workspace(s, 1),
            [&](const Exec& exec) { simple_rnn_forward(exec, s, in, out); });
      },
      [&](const auto& in, const auto& out) {
        run(simple_rnn_backward_workspace(s, 1),
            [&](const Exec& exec) { simple_rnn_backward(exec, s, in, out); });
      });
}

Values lstm_rows(const RecurrentShape& s, int64_t rows) {
  const Run run = {ref::table, 1};
  return first_rows(
      s, rows, RecurrentOperands(s, 4, 1, true), lstm_saved(s),
      [&](const auto& in, const auto& out) {
        run(lstm_forward_workspace(s, 1),
            [&](const Exec& exec) { lstm_forward(exec, s, in, out); });
      },
      [&](const auto& in, const auto& out) {
        run(lstm_backward_workspace(s, 1),
            [&](const Exec& exec) { lstm_backward(exec, s, in, out); });
      });
}

Values gru_rows(const RecurrentShape& sizes, int64_t rows) {
  const GruShape s = {sizes, true};
  const Run run = {ref::table, 1};
  return first_rows(
      s, rows, RecurrentOperands(s, 3, 2, true), gru_saved(s),
      [&](const auto& in, const auto& out) {
        run(gru_forward_workspace(s, 1), [&](const Exec& exec) { gru_forward(exec, s, in, out); });
      },
      [&](const auto& in, const auto& out) {
        run(gru_backward_workspace(s, 1),
            [&](const Exec& exec) { gru_backward(exec, s, in, out); });
      });
}

// A row's bits do not depend on the rest of the batch, but the way does: few rows fit on the device at once.
BRASA_TEST(cuda_recurrent_steps_together_give_the_bits_of_steps_alone) {
  constexpr int64_t few = 5, many = 37, units = 70;
  const int64_t blocks = ceil_div(units, kStepUnits);
  void (*const any)(int) = nullptr;
  const int64_t fit = blocks_at_once(Launch{}, any);
  CHECK(blocks * ceil_div(few, kStepRows) <= fit && fit < blocks * ceil_div(many, kStepRows));
  for (const bool backwards : {false, true}) {
    const RecurrentShape small = {few, 3, 2, units, backwards},
                         large = {many, 3, 2, units, backwards};
    check_same_bits(simple_rnn_rows(small, few), simple_rnn_rows(large, few));
    check_same_bits(lstm_rows(small, few), lstm_rows(large, few));
    check_same_bits(gru_rows(small, few), gru_rows(large, few));
  }
}

}  // namespace
}  // namespace brasa::cuda
