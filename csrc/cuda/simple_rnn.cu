#include "cuda/recurrent.cuh"
#include "cuda/recurrent_step.cuh"

namespace brasa::cuda {
namespace {

// saved: what came out of the activation, and the state with which each step began, (N,T,U) each.
struct Saved {
  float *activated, *entering;

  Saved(const RecurrentShape& s, float* saved)
      : activated(saved), entering(saved + s.N * s.T * s.U) {}
};

// h = activation(a + h @ u),  a = x @ w + b
struct Forward {
  static constexpr int kGates = 1;
  static constexpr bool kAlongDepth = false;
  StepFactor<false> factor;
  Activation activation;
  States h;
  Out<float> a;

  __host__ __device__ const RecurrentShape& shape() const { return h.q.s; }
  __device__ StepRows rows(int64_t step) const {
    return {h.entering.data + time_of(shape(), step) * shape().U, shape().T * shape().U};
  }
  __device__ void finish(int64_t step, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t at = h.q.row(step, n) * shape().U + j;
    const float value = activate(activation, a.data[at] + by_u[0]);
    a[at] = value;
    h.leave(step, n, j, value);
  }
};

// da = dh * slope of the activation,  dh = dy + da of the next step @ u^T
struct Backward {
  static constexpr int kGates = 1;
  static constexpr bool kAlongDepth = true;
  StepFactor<true> factor;
  Activation activation;
  StateSlopes h;
  const float* activated;
  Out<float> da;

  __host__ __device__ const RecurrentShape& shape() const { return h.q.s; }
  __device__ StepRows rows(int64_t round) const {
    const int64_t next = shape().T - round;
    return {next < shape().T ? da.data + time_of(shape(), next) * shape().U : nullptr,
            shape().T * shape().U};
  }
  __device__ void finish(int64_t round, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t step = shape().T - 1 - round;
    const float dh = h.arriving(step, n, j, by_u[0]);
    if (step < 0) {
      h.dh0[n * shape().U + j] = dh;
      return;
    }
    const bool skipped = h.q.skips(step, n);
    const int64_t at = h.q.row(step, n) * shape().U + j;
    da[at] = skipped ? 0.f : activation_slope(activation, dh, activated[at]);
    h.keep(n, j, skipped ? dh : 0.f);
  }
};

}  // namespace

void simple_rnn_forward(const Exec& exec, const SimpleRnnShape& s, const RecurrentInputs& in,
                        const RecurrentOutputs& out) {
  float* const scratch = reinterpret_cast<float*>(exec.scratch + input_sums_workspace(s, s.U));
  const Saved saved(s, out.saved != nullptr ? out.saved : scratch);
  const States h{{s, in.mask}, saved.entering, out.y, out.h};
  input_sums(exec, s, s.U, in, saved.activated);
  begin_states(exec, h, in.h0);
  run_all_rounds(exec, Forward{{in.u, s.U, s.U, s.U}, s.activation, h, saved.activated}, s.T);
}

void simple_rnn_backward(const Exec& exec, const SimpleRnnShape& s, const RecurrentSlopes& in,
                         const RecurrentGradients& out) {
  const Saved saved(s, const_cast<float*>(in.saved));
  float* const da = reinterpret_cast<float*>(exec.scratch + gradients_workspace(s, s.U));
  float* const carry = da + s.N * s.T * s.U;
  copy_state(exec, s, in.dh, carry, s.U);
  const StateSlopes h{{s, in.mask}, in.dy, carry, out.dh0};
  const Backward cell{{in.u, s.U, s.U, s.U}, s.activation, h, saved.activated, da};
  run_all_rounds(exec, cell, s.T + (out.dh0 != nullptr));
  input_gradients(exec, s, s.U, da, in, out);
  recurrent_gradient(exec, s, {s.U, 0, s.U}, saved.entering, da, out.du);
}

int64_t simple_rnn_saved(const SimpleRnnShape& s) { return 2 * s.N * s.T * s.U; }

int64_t simple_rnn_forward_workspace(const SimpleRnnShape& s, int) {
  return input_sums_workspace(s, s.U) + simple_rnn_saved(s) * static_cast<int64_t>(sizeof(float));
}

int64_t simple_rnn_backward_workspace(const SimpleRnnShape& s, int) {
  return gradients_workspace(s, s.U) + s.N * (s.T + 1) * s.U * static_cast<int64_t>(sizeof(float));
}

}  // namespace brasa::cuda
