#include "recurrent_case.h"

namespace brasa::test {
namespace {

Values training(const Run& run, const GruShape& s, const RecurrentOperands& o) {
  const OpTable& table = run.table;
  const Guarded<float> y(s.N * s.T * s.U), h(s.N * s.U), saved(table.gru_saved(s));
  run(table.gru_forward_workspace(s, run.threads), [&](const Exec& exec) {
    table.gru_forward(exec, s, o.inputs(), {y.data(), h.data(), nullptr, saved.data()});
  });
  const Input<float> kept(saved.values());
  const Guarded<float> dx(s.N * s.T * s.D), dw(3 * s.U * s.D), du(3 * s.U * s.U);
  const Guarded<float> db((s.reset_after ? 6 : 3) * s.U), dh0(s.N * s.U);
  run(table.gru_backward_workspace(s, run.threads), [&](const Exec& exec) {
    table.gru_backward(exec, s, o.slopes(kept.data()),
                       {dx.data(), dw.data(), du.data(), db.data(), dh0.data(), nullptr});
  });
  return joined(
      {y.values(), h.values(), dx.values(), dw.values(), du.values(), db.values(), dh0.values()});
}

Values inference(const Run& run, const GruShape& s, const RecurrentOperands& o) {
  const Guarded<float> h(s.N * s.U);
  run(run.table.gru_forward_workspace(s, run.threads), [&](const Exec& exec) {
    run.table.gru_forward(exec, s, o.inputs(), {nullptr, h.data(), nullptr, nullptr});
  });
  return h.values();
}

BRASA_TEST(gru_equals_the_reference) {
  for (const RecurrentShape& shape : recurrent_shapes()) {
    for (const int variant : {0, 1, 2, 3}) {
      const GruShape s{shape, variant % 2 == 0};
      const bool all = variant / 2 == 1;
      const Case name("N ", s.N, " T ", s.T, " D ", s.D, " U ", s.U, s.reset_after ? " after" : "",
                      all ? " all" : "");
      const RecurrentOperands o(s, 3, s.reset_after ? 2 : 1, all);
      const auto bound = [&](size_t, float want) { return recurrent_bound(s, want); };
      check_tables([&](const Run& run) { return training(run, s, o); }, bound);
      check_tables([&](const Run& run) { return inference(run, s, o); }, bound);
    }
  }
}

}  // namespace
}  // namespace brasa::test
