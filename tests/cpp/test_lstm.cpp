#include "recurrent_case.h"

namespace brasa::test {
namespace {

Values training(const Run& run, const RecurrentShape& s, const RecurrentOperands& o) {
  const OpTable& table = run.table;
  const int64_t state = s.N * s.U;
  const Guarded<float> y(s.N * s.T * s.U), h(state), c(state), saved(table.lstm_saved(s));
  run(table.lstm_forward_workspace(s, run.threads), [&](const Exec& exec) {
    table.lstm_forward(exec, s, o.inputs(), {y.data(), h.data(), c.data(), saved.data()});
  });
  const Input<float> kept(saved.values());
  const Guarded<float> dx(s.N * s.T * s.D), dw(4 * s.U * s.D), du(4 * s.U * s.U), db(4 * s.U);
  const Guarded<float> dh0(state), dc0(state);
  run(table.lstm_backward_workspace(s, run.threads), [&](const Exec& exec) {
    table.lstm_backward(exec, s, o.slopes(kept.data()),
                        {dx.data(), dw.data(), du.data(), db.data(), dh0.data(), dc0.data()});
  });
  return joined({y.values(), h.values(), c.values(), dx.values(), dw.values(), du.values(),
                 db.values(), dh0.values(), dc0.values()});
}

Values inference(const Run& run, const RecurrentShape& s, const RecurrentOperands& o) {
  const Guarded<float> h(s.N * s.U), c(s.N * s.U);
  run(run.table.lstm_forward_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.lstm_forward(exec, s, o.inputs(), {nullptr, h.data(), c.data(), nullptr});
  });
  return joined({h.values(), c.values()});
}

BRASA_TEST(lstm_equals_the_reference) {
  for (const RecurrentShape& s : recurrent_shapes()) {
    for (const bool all : {false, true}) {
      const Case name("N ", s.N, " T ", s.T, " D ", s.D, " U ", s.U, all ? " all" : "");
      const RecurrentOperands o(s, 4, 1, all);
      const auto bound = [&](size_t, float want) { return recurrent_bound(s, want); };
      check_tables([&](const Run& run) { return training(run, s, o); }, bound);
      check_tables([&](const Run& run) { return inference(run, s, o); }, bound);
    }
  }
}

}  // namespace
}  // namespace brasa::test
