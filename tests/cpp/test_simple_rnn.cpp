#include "recurrent_case.h"

namespace brasa::test {
namespace {

Values training(const Run& run, const SimpleRnnShape& s, const RecurrentOperands& o) {
  const OpTable& table = run.table;
  const Guarded<float> y(s.N * s.T * s.U), h(s.N * s.U), saved(table.simple_rnn_saved(s));
  run(table.simple_rnn_forward_workspace(s, run.threads), [&](const Exec& exec) {
    table.simple_rnn_forward(exec, s, o.inputs(), {y.data(), h.data(), nullptr, saved.data()});
  });
  const Input<float> kept(saved.values());
  const Guarded<float> dx(s.N * s.T * s.D), dw(s.U * s.D), du(s.U * s.U), db(s.U), dh0(s.N * s.U);
  run(table.simple_rnn_backward_workspace(s, run.threads), [&](const Exec& exec) {
    table.simple_rnn_backward(exec, s, o.slopes(kept.data()),
                              {dx.data(), dw.data(), du.data(), db.data(), dh0.data(), nullptr});
  });
  return joined(
      {y.values(), h.values(), dx.values(), dw.values(), du.values(), db.values(), dh0.values()});
}

Values inference(const Run& run, const SimpleRnnShape& s, const RecurrentOperands& o) {
  const Guarded<float> h(s.N * s.U);
  run(run.table.simple_rnn_forward_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.simple_rnn_forward(exec, s, o.inputs(), {nullptr, h.data(), nullptr, nullptr});
  });
  return h.values();
}

BRASA_TEST(simple_rnn_equals_the_reference) {
  for (const RecurrentShape& shape : recurrent_shapes()) {
    for (const ActivationKind kind :
         {ActivationKind::kTanh, ActivationKind::kSigmoid, ActivationKind::kElu}) {
      const bool all = kind == ActivationKind::kTanh;
      const SimpleRnnShape s{shape, {kind, 1.f}};
      const Case name("N ", s.N, " T ", s.T, " D ", s.D, " U ", s.U, all ? " all" : "");
      const RecurrentOperands o(s, 1, 1, all);
      const auto bound = [&](size_t, float want) { return recurrent_bound(s, want); };
      check_tables([&](const Run& run) { return training(run, s, o); }, bound);
      check_tables([&](const Run& run) { return inference(run, s, o); }, bound);
    }
  }
}

}  // namespace
}  // namespace brasa::test
