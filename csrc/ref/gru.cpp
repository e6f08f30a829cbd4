#include <cmath>

#include "ref/kernels.h"
#include "ref/recurrent.h"

namespace brasa::ref {
namespace {

double sigmoid(double x) { return activate({ActivationKind::kSigmoid, 0.f}, x); }

// saved: z, r and g (T,N,3,U), then q (T,N,U), then h (T+1,N,U), h0 first. q is what the reset gate
// meets: h @ ug + cg, which r multiplies, or r * h, which ug multiplies.
struct Saved {
  float *gates, *q, *h;

  Saved(const GruShape& s, float* saved)
      : gates(saved), q(gates + 3 * s.T * s.N * s.U), h(q + s.T * s.N * s.U) {}
};

double at(const float* array, int64_t i) { return array == nullptr ? 0 : array[i]; }

// One row of the batch at one step.
struct Row {
  const float *x, *h;
  float *gates, *q, *next;
};

void step_row(const GruShape& s, const RecurrentInputs& in, const Row& row) {
  const int64_t columns = 3 * s.U;
  const float* b = in.b;
  const float* c = b == nullptr || !s.reset_after ? nullptr : b + columns;
  for (int64_t j = 0; j < 2 * s.U; ++j) {  // z and r
    row.gates[j] =
        static_cast<float>(sigmoid(at(b, j) + at(c, j) + dot(s.D, row.x, in.w, columns, j) +
                                   dot(s.U, row.h, in.u, columns, j)));
  }
  const float* r = row.gates + s.U;
  for (int64_t j = 0; j < s.U; ++j) {
    const int64_t column = 2 * s.U + j;
    row.q[j] = s.reset_after
                   ? static_cast<float>(at(c, column) + dot(s.U, row.h, in.u, columns, column))
                   : r[j] * row.h[j];
  }
  for (int64_t j = 0; j < s.U; ++j) {
    const int64_t column = 2 * s.U + j;
    const double reset =
        s.reset_after ? double{r[j]} * row.q[j] : dot(s.U, row.q, in.u, columns, column);
    const double g = std::tanh(at(b, column) + dot(s.D, row.x, in.w, columns, column) + reset);
    row.gates[column] = static_cast<float>(g);
    row.next[j] = static_cast<float>(g + row.gates[j] * (row.h[j] - g));
  }
}

struct Gradients {
  double *by_input, *by_state;  // by the sums (T,N,3U); the two differ in g alone
  double *dh, *next;            // (N,U), and one row of it
};

void step_row_back(const GruShape& s, const float* u, const Saved& saved, int64_t row, double* dh,
                   const Gradients& g) {
  const int64_t columns = 3 * s.U;
  const float *z = saved.gates + row * columns, *r = z + s.U, *tilde = r + s.U;
  const float *h = saved.h + row * s.U, *q = saved.q + row * s.U;
  double *by_input = g.by_input + row * columns, *by_state = g.by_state + row * columns;
  for (int64_t j = 0; j < s.U; ++j) {
    by_input[j] = dh[j] * (double{h[j]} - tilde[j]) * z[j] * (1 - double{z[j]});
    by_input[2 * s.U + j] = dh[j] * (1 - double{z[j]}) * (1 - double{tilde[j]} * tilde[j]);
  }
  for (int64_t j = 0; j < s.U; ++j) {
    const double by_g = by_input[2 * s.U + j], slope = r[j] * (1 - double{r[j]});
    const double by_rh =
        s.reset_after ? 0 : dot_transposed(s.U, by_input + 2 * s.U, u + 2 * s.U + j * columns, 0);
    by_input[s.U + j] = (s.reset_after ? by_g * q[j] : by_rh * h[j]) * slope;
    by_state[2 * s.U + j] = s.reset_after ? by_g * r[j] : by_g;
    g.next[j] = dh[j] * z[j] + by_rh * r[j];
  }
  for (int64_t j = 0; j < 2 * s.U; ++j) by_state[j] = by_input[j];
  for (int64_t j = 0; j < s.U; ++j) {
    dh[j] =
        g.next[j] + dot_transposed(s.reset_after ? columns : 2 * s.U, by_state, u + j * columns, 0);
  }
}

}  // namespace

void gru_forward(const Exec& exec, const GruShape& s, const RecurrentInputs& in,
                 const RecurrentOutputs& out) {
  if (exec.thread != 0) return;
  const int64_t state = s.N * s.U;
  const Saved saved(s, out.saved != nullptr ? out.saved : reinterpret_cast<float*>(exec.scratch));
  copy_state(s, in.h0, saved.h);
  for (int64_t step = 0; step < s.T; ++step) {
    for (int64_t n = 0; n < s.N; ++n) {
      const int64_t row = step * s.N + n, t = time_of(s, step);
      const float* h = saved.h + row * s.U;
      float* next = saved.h + row * s.U + state;
      step_row(
          s, in,
          {in.x + (n * s.T + t) * s.D, h, saved.gates + row * 3 * s.U, saved.q + row * s.U, next});
      for (int64_t j = 0; j < s.U; ++j) {
        if (is_masked(s, in.mask, n, step)) next[j] = h[j];
        if (out.y != nullptr) out.y[(n * s.T + t) * s.U + j] = next[j];
      }
    }
  }
  copy_state(s, saved.h + s.T * state, out.h);
}

void gru_backward(const Exec& exec, const GruShape& s, const RecurrentSlopes& in,
                  const RecurrentGradients& out) {
  if (exec.thread != 0) return;
  const int64_t state = s.N * s.U, columns = 3 * s.U;
  const Saved saved(s, const_cast<float*>(in.saved));
  Gradients g{};
  g.by_input = reinterpret_cast<double*>(exec.scratch);
  g.by_state = g.by_input + s.T * s.N * columns;
  g.dh = g.by_state + s.T * s.N * columns;
  g.next = g.dh + state;
  for (int64_t i = 0; i < state; ++i) g.dh[i] = at(in.dh, i);
  for (int64_t step = s.T - 1; step >= 0; --step) {
    for (int64_t n = 0; n < s.N; ++n) {
      const int64_t row = step * s.N + n, t = time_of(s, step);
      double* dh = g.dh + n * s.U;
      for (int64_t j = 0; j < s.U; ++j) {
        if (in.dy != nullptr) dh[j] += in.dy[(n * s.T + t) * s.U + j];
      }
      if (is_masked(s, in.mask, n, step)) {
        for (int64_t j = 0; j < columns; ++j) {
          g.by_input[row * columns + j] = g.by_state[row * columns + j] = 0;
        }
      } else {
        step_row_back(s, in.u, saved, row, dh, g);
      }
    }
  }
  for (int64_t i = 0; i < state && out.dh0 != nullptr; ++i)
    out.dh0[i] = static_cast<float>(g.dh[i]);
  input_gradients(s, columns, g.by_input, in.x, in.w, out.dx, out.dw, out.db);
  if (s.reset_after && out.db != nullptr) {
    input_gradients(s, columns, g.by_state, in.x, in.w, nullptr, nullptr, out.db + columns);
  }
  recurrent_gradient(s, {columns, 0, 2 * s.U}, g.by_state, saved.h, out.du);
  recurrent_gradient(s, {columns, 2 * s.U, s.U}, g.by_state, s.reset_after ? saved.h : saved.q,
                     out.du);
}

int64_t gru_saved(const GruShape& s) { return (4 * s.T + s.T + 1) * s.N * s.U; }

int64_t gru_forward_workspace(const GruShape& s, int) {
  return gru_saved(s) * static_cast<int64_t>(sizeof(float));
}

int64_t gru_backward_workspace(const GruShape& s, int) {
  return ((6 * s.T + 1) * s.N + 1) * s.U * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa::ref
