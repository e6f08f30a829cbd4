// The operands of the optimizer tests, and one run of each step.
#pragma once

#include "harness.h"

namespace brasa::test {

struct Span {
  Values g, p, m, v, v_hat = {};
};

// v_hat is above v for half of the numbers.
inline Span span(int64_t count) {
  return {random_values(count, 1), random_values(count, 2), random_values(count, 3),
          random_values(count, 4, 0.f, 1.f), random_values(count, 5, 0.f, 1.f)};
}

// What the slope adds to a gradient, at most.
inline double slope_of(const Shrink& s, double p) { return s.l1 + 2 * s.l2 * std::abs(p); }

constexpr Shrink kShrinks[] = {{0.5, 0, 0}, {0, 0.3, 0}, {0, 0, 0.7}, {0.1, 0.2, 0.3}};

inline Values sgd(const Run& run, const SgdShape& s, double lr, const Span& o, bool with_velocity) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, 5});
  const Guarded<float> p(o.p), v(o.v);
  run(0, [&](const Exec& exec) {
    run.table.sgd_step(exec, s, hyper.data(), g.data(), p.data(),
                       with_velocity ? v.data() : nullptr);
  });
  return joined({p.values(), v.values()});
}

inline Values adam(const Run& run, const AdamShape& s, double lr, double step, const Span& o,
                   bool amsgrad = false) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, step});
  const Guarded<float> p(o.p), m(o.m), v(o.v), v_hat(o.v_hat);
  run(0, [&](const Exec& exec) {
    run.table.adam_step(exec, s, hyper.data(), g.data(), p.data(),
                        {m.data(), v.data(), amsgrad ? v_hat.data() : nullptr});
  });
  return joined({p.values(), m.values(), v.values(), amsgrad ? v_hat.values() : Values()});
}

inline Values rmsprop(const Run& run, const RmspropShape& s, double lr, const Span& o, bool moves,
                      bool centered) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, 3});
  const Guarded<float> p(o.p), v(o.v), m(o.m), a(o.m);
  run(0, [&](const Exec& exec) {
    run.table.rmsprop_step(exec, s, hyper.data(), g.data(), p.data(),
                           {v.data(), moves ? m.data() : nullptr, centered ? a.data() : nullptr});
  });
  return joined({p.values(), v.values(), m.values(), a.values()});
}

inline Values adagrad(const Run& run, const AdagradShape& s, double lr, const Span& o) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, 3});
  const Guarded<float> p(o.p), v(o.v);
  run(0, [&](const Exec& exec) {
    run.table.adagrad_step(exec, s, hyper.data(), g.data(), p.data(), v.data());
  });
  return joined({p.values(), v.values()});
}

inline Values adadelta(const Run& run, const AdadeltaShape& s, double lr, const Span& o) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, 3});
  const Guarded<float> p(o.p), v(o.v), u(o.v_hat);
  run(0, [&](const Exec& exec) {
    run.table.adadelta_step(exec, s, hyper.data(), g.data(), p.data(), v.data(), u.data());
  });
  return joined({p.values(), v.values(), u.values()});
}

// `step`: OpTable's adamax_step or nadam_step.
inline Values like_adam(const Run& run, AdamStep OpTable::* step_of, const AdamShape& s, double lr,
                        double step, const Span& o) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, step});
  const Guarded<float> p(o.p), m(o.m), v(o.v);
  run(0, [&](const Exec& exec) {
    (run.table.*step_of)(exec, s, hyper.data(), g.data(), p.data(), {m.data(), v.data(), nullptr});
  });
  return joined({p.values(), m.values(), v.values()});
}

inline Values lion(const Run& run, const LionShape& s, double lr, const Span& o) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, 3});
  const Guarded<float> p(o.p), m(o.m);
  run(0, [&](const Exec& exec) {
    run.table.lion_step(exec, s, hyper.data(), g.data(), p.data(), m.data());
  });
  return joined({p.values(), m.values()});
}

inline Values ftrl(const Run& run, const FtrlShape& s, double lr, const Span& o) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, 3});
  const Guarded<float> p(o.p), n(o.v), z(o.m);
  run(0, [&](const Exec& exec) {
    run.table.ftrl_step(exec, s, hyper.data(), g.data(), p.data(), n.data(), z.data());
  });
  return joined({p.values(), n.values(), z.values()});
}

inline Values lamb(const Run& run, const AdamShape& s, double lr, double step, const Span& o) {
  const Input<float> g(o.g);
  const Input<double> hyper(std::vector<double>{lr, step});
  const Guarded<float> p(o.p), m(o.m), v(o.v);
  run(lamb_workspace(s.count), [&](const Exec& exec) {
    run.table.lamb_step(exec, s, hyper.data(), g.data(), p.data(), m.data(), v.data());
  });
  return joined({p.values(), m.values(), v.values()});
}

}  // namespace brasa::test
