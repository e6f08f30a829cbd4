#include <cmath>

#include "ref/kernels.h"
#include "ref/recurrent.h"

namespace brasa::ref {
namespace {

double sigmoid(double x) { return activate({ActivationKind::kSigmoid, 0.f}, x); }

// saved: the gates (T,N,4,U) after their activations, then c and h (T+1,N,U), c0 and h0 first.
struct Saved {
  float *gates, *c, *h;

  Saved(const RecurrentShape& s, float* saved)
      : gates(saved), c(gates + 4 * s.T * s.N * s.U), h(c + (s.T + 1) * s.N * s.U) {}
};

}  // namespace

void lstm_forward(const Exec& exec, const RecurrentShape& s, const RecurrentInputs& in,
                  const RecurrentOutputs& out) {
  if (exec.thread != 0) return;
  const int64_t state = s.N * s.U, columns = 4 * s.U;
  const Saved saved(s, out.saved != nullptr ? out.saved : reinterpret_cast<float*>(exec.scratch));
  copy_state(s, in.h0, saved.h);
  copy_state(s, in.c0, saved.c);
  for (int64_t step = 0; step < s.T; ++step) {
    for (int64_t n = 0; n < s.N; ++n) {
      const int64_t row = step * s.N + n, t = time_of(s, step);
      const float *x = in.x + (n * s.T + t) * s.D, *h = saved.h + row * s.U;
      const bool masked = is_masked(s, in.mask, n, step);
      for (int64_t j = 0; j < s.U; ++j) {
        double gate[4];
        for (int64_t k = 0; k < 4; ++k) {
          const int64_t column = k * s.U + j;
          const double sum = (in.b == nullptr ? 0 : in.b[column]) +
                             dot(s.D, x, in.w, columns, column) +
                             dot(s.U, h, in.u, columns, column);
          gate[k] = k == 2 ? std::tanh(sum) : sigmoid(sum);
          saved.gates[row * columns + column] = static_cast<float>(gate[k]);
        }
        const int64_t at = row * s.U + j;
        const double c = gate[1] * saved.c[at] + gate[0] * gate[2];
        saved.c[at + state] = masked ? saved.c[at] : static_cast<float>(c);
        saved.h[at + state] = masked ? h[j] : static_cast<float>(gate[3] * std::tanh(c));
        if (out.y != nullptr) out.y[(n * s.T + t) * s.U + j] = saved.h[at + state];
      }
    }
  }
  copy_state(s, saved.h + s.T * state, out.h);
  copy_state(s, saved.c + s.T * state, out.c);
}

void lstm_backward(const Exec& exec, const RecurrentShape& s, const RecurrentSlopes& in,
                   const RecurrentGradients& out) {
  if (exec.thread != 0) return;
  const int64_t state = s.N * s.U, columns = 4 * s.U;
  const Saved saved(s, const_cast<float*>(in.saved));
  // The gradients by the gates' sums (T,N,4U), by h and by c.
  double* dgates = reinterpret_cast<double*>(exec.scratch);
  double *dh = dgates + s.T * s.N * columns, *dc = dh + state;
  for (int64_t i = 0; i < state; ++i) {
    dh[i] = in.dh == nullptr ? 0 : in.dh[i];
    dc[i] = in.dc == nullptr ? 0 : in.dc[i];
  }
  for (int64_t step = s.T - 1; step >= 0; --step) {
    for (int64_t n = 0; n < s.N; ++n) {
      const int64_t row = step * s.N + n, t = time_of(s, step);
      double* dgate = dgates + row * columns;
      const bool masked = is_masked(s, in.mask, n, step);
      for (int64_t j = 0; j < s.U; ++j) {
        const float* gates = saved.gates + row * columns + j;
        const double i = gates[0], f = gates[s.U], g = gates[2 * s.U], o = gates[3 * s.U];
        double &dh_j = dh[n * s.U + j], &dc_j = dc[n * s.U + j];
        if (in.dy != nullptr) dh_j += in.dy[(n * s.T + t) * s.U + j];
        if (masked) {
          for (int64_t k = 0; k < 4; ++k) dgate[k * s.U + j] = 0;
          continue;
        }
        const double tanh_c = std::tanh(double{saved.c[row * s.U + j + state]});
        const double slope = dc_j + dh_j * o * (1 - tanh_c * tanh_c);
        dgate[j] = slope * g * i * (1 - i);
        dgate[s.U + j] = slope * saved.c[row * s.U + j] * f * (1 - f);
        dgate[2 * s.U + j] = slope * i * (1 - g * g);
        dgate[3 * s.U + j] = dh_j * tanh_c * o * (1 - o);
        dc_j = slope * f;
      }
      for (int64_t j = 0; j < s.U && !masked; ++j) {
        dh[n * s.U + j] = dot_transposed(columns, dgate, in.u, j);
      }
    }
  }
  for (int64_t i = 0; i < state; ++i) {
    if (out.dh0 != nullptr) out.dh0[i] = static_cast<float>(dh[i]);
    if (out.dc0 != nullptr) out.dc0[i] = static_cast<float>(dc[i]);
  }
  input_gradients(s, columns, dgates, in.x, in.w, out.dx, out.dw, out.db);
  recurrent_gradient(s, {columns, 0, columns}, dgates, saved.h, out.du);
}

int64_t lstm_saved(const RecurrentShape& s) { return (4 * s.T + 2 * (s.T + 1)) * s.N * s.U; }

int64_t lstm_forward_workspace(const RecurrentShape& s, int) {
  return lstm_saved(s) * static_cast<int64_t>(sizeof(float));
}

int64_t lstm_backward_workspace(const RecurrentShape& s, int) {
  return (4 * s.T + 2) * s.N * s.U * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa::ref
