#include "ref/kernels.h"
#include "ref/recurrent.h"

namespace brasa::ref {
// saved: h (T+1,N,U), h0 first.
void simple_rnn_forward(const Exec& exec, const SimpleRnnShape& s, const RecurrentInputs& in,
                        const RecurrentOutputs& out) {
  if (exec.thread != 0) return;
  const int64_t state = s.N * s.U;
  float* all_h = out.saved != nullptr ? out.saved : reinterpret_cast<float*>(exec.scratch);
  copy_state(s, in.h0, all_h);
  for (int64_t step = 0; step < s.T; ++step) {
    for (int64_t n = 0; n < s.N; ++n) {
      const int64_t t = time_of(s, step);
      const float *x = in.x + (n * s.T + t) * s.D, *h = all_h + (step * s.N + n) * s.U;
      float* next = all_h + (step * s.N + n) * s.U + state;
      for (int64_t j = 0; j < s.U; ++j) {
        const double sum =
            (in.b == nullptr ? 0 : in.b[j]) + dot(s.D, x, in.w, s.U, j) + dot(s.U, h, in.u, s.U, j);
        next[j] =
            is_masked(s, in.mask, n, step) ? h[j] : static_cast<float>(activate(s.activation, sum));
        if (out.y != nullptr) out.y[(n * s.T + t) * s.U + j] = next[j];
      }
    }
  }
  copy_state(s, all_h + s.T * state, out.h);
}

void simple_rnn_backward(const Exec& exec, const SimpleRnnShape& s, const RecurrentSlopes& in,
                         const RecurrentGradients& out) {
  if (exec.thread != 0) return;
  const int64_t state = s.N * s.U;
  double *dsums = reinterpret_cast<double*>(exec.scratch), *dh = dsums + s.T * state;
  for (int64_t i = 0; i < state; ++i) dh[i] = in.dh == nullptr ? 0 : in.dh[i];
  for (int64_t step = s.T - 1; step >= 0; --step) {
    for (int64_t n = 0; n < s.N; ++n) {
      const int64_t row = (step * s.N + n) * s.U, t = time_of(s, step);
      const bool masked = is_masked(s, in.mask, n, step);
      for (int64_t j = 0; j < s.U; ++j) {
        if (in.dy != nullptr) dh[n * s.U + j] += in.dy[(n * s.T + t) * s.U + j];
        const double by_sum =
            activation_slope(s.activation, dh[n * s.U + j], in.saved[row + state + j]);
        dsums[row + j] = masked ? 0 : by_sum;
      }
      for (int64_t j = 0; j < s.U && !masked; ++j) {
        dh[n * s.U + j] = dot_transposed(s.U, dsums + row, in.u, j);
      }
    }
  }
  for (int64_t i = 0; i < state && out.dh0 != nullptr; ++i) {
    out.dh0[i] = static_cast<float>(dh[i]);
  }
  input_gradients(s, s.U, dsums, in.x, in.w, out.dx, out.dw, out.db);
  recurrent_gradient(s, {s.U, 0, s.U}, dsums, in.saved, out.du);
}

int64_t simple_rnn_saved(const SimpleRnnShape& s) { return (s.T + 1) * s.N * s.U; }

int64_t simple_rnn_forward_workspace(const SimpleRnnShape& s, int) {
  return simple_rnn_saved(s) * static_cast<int64_t>(sizeof(float));
}

int64_t simple_rnn_backward_workspace(const SimpleRnnShape& s, int) {
  return (s.T + 1) * s.N * s.U * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa::ref
