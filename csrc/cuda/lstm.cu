#include "cuda/recurrent.cuh"
#include "cuda/recurrent_step.cuh"

namespace brasa::cuda {
namespace {

// saved: the gates i, f, g, o after their activations (N,T,4U), and the c and h with which each step began.
struct Saved {
  float *gates, *c, *h;

  Saved(const RecurrentShape& s, float* saved)
      : gates(saved), c(gates + 4 * s.N * s.T * s.U), h(c + s.N * s.T * s.U) {}
};

// i, f, g, o = a + h @ u,  a = x @ w + b
// c = sigmoid(f) * c + sigmoid(i) * tanh(g),  h = sigmoid(o) * tanh(c)
struct Forward {
  static constexpr int kGates = 4;
  static constexpr bool kAlongDepth = false;
  StepFactor<false> factor;
  States h, c;
  Out<float> gates;

  __host__ __device__ const RecurrentShape& shape() const { return h.q.s; }
  __device__ StepRows rows(int64_t step) const {
    return {h.entering.data + time_of(shape(), step) * shape().U, shape().T * shape().U};
  }
  __device__ void finish(int64_t step, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t U = shape().U;
    const Out<float> a = gates + (h.q.row(step, n) * 4 * U + j);
    const float i = sigmoid(a.data[0] + by_u[0]), f = sigmoid(a.data[U] + by_u[1]);
    const float g = tanhf(a.data[2 * U] + by_u[2]), o = sigmoid(a.data[3 * U] + by_u[3]);
    const float cell = fmaf(f, c.entered(step, n, j), i * g);
    a[0] = i, a[U] = f, a[2 * U] = g, a[3 * U] = o;
    c.leave(step, n, j, cell);
    h.leave(step, n, j, o * tanhf(cell));
  }
};

// With c' = f * c + i * g and dh = dy + da of the next step @ u^T:
//   dc' = dc + dh * o * (1 - tanh(c')^2),  dc = dc' * f
//   da = (dc' * g * i * (1 - i), dc' * c * f * (1 - f), dc' * i * (1 - g^2), dh * tanh(c') * o * (1 - o))
struct Backward {
  static constexpr int kGates = 1;
  static constexpr bool kAlongDepth = true;
  StepFactor<true> factor;
  StateSlopes h;
  Saved saved;
  Out<float> dc, da;  // dc (N,U): each thread's own

  __host__ __device__ const RecurrentShape& shape() const { return h.q.s; }
  __device__ StepRows rows(int64_t round) const {
    const int64_t next = shape().T - round;
    return {next < shape().T ? da.data + time_of(shape(), next) * 4 * shape().U : nullptr,
            shape().T * 4 * shape().U};
  }
  __device__ void finish(int64_t round, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t U = shape().U, step = shape().T - 1 - round, state = n * U + j;
    const float dh = h.arriving(step, n, j, by_u[0]);
    if (step < 0) {
      h.dh0[state] = dh;
      return;
    }
    const int64_t row = h.q.row(step, n);
    const Out<float> slopes = da + (row * 4 * U + j);
    if (h.q.skips(step, n)) {
      slopes[0] = 0.f, slopes[U] = 0.f, slopes[2 * U] = 0.f, slopes[3 * U] = 0.f;
      h.keep(n, j, dh);
      return;
    }
    const float* gate = saved.gates + row * 4 * U + j;
    const float i = gate[0], f = gate[U], g = gate[2 * U], o = gate[3 * U];
    const float before = saved.c[row * U + j], tanh_c = tanhf(fmaf(f, before, i * g));
    const float slope = fmaf(dh * o, 1.f - tanh_c * tanh_c, dc.data[state]);
    slopes[0] = slope * g * i * (1.f - i);
    slopes[U] = slope * before * f * (1.f - f);
    slopes[2 * U] = slope * i * (1.f - g * g);
    slopes[3 * U] = dh * tanh_c * o * (1.f - o);
    dc[state] = slope * f;
    h.keep(n, j, 0.f);
  }
};

}  // namespace

void lstm_forward(const Exec& exec, const RecurrentShape& s, const RecurrentInputs& in,
                  const RecurrentOutputs& out) {
  float* const scratch = reinterpret_cast<float*>(exec.scratch + input_sums_workspace(s, 4 * s.U));
  const Saved saved(s, out.saved != nullptr ? out.saved : scratch);
  const States h{{s, in.mask}, saved.h, out.y, out.h}, c{{s, in.mask}, saved.c, nullptr, out.c};
  input_sums(exec, s, 4 * s.U, in, saved.gates);
  begin_states(exec, h, in.h0);
  begin_states(exec, c, in.c0);
  run_all_rounds(exec, Forward{{in.u, s.U, 4 * s.U, s.U}, h, c, saved.gates}, s.T);
}

void lstm_backward(const Exec& exec, const RecurrentShape& s, const RecurrentSlopes& in,
                   const RecurrentGradients& out) {
  const Saved saved(s, const_cast<float*>(in.saved));
  float* const da = reinterpret_cast<float*>(exec.scratch + gradients_workspace(s, 4 * s.U));
  float* const carry = da + s.N * s.T * 4 * s.U;
  float* const dc = out.dc0 != nullptr ? out.dc0 : carry + s.N * s.U;
  copy_state(exec, s, in.dh, carry, s.U);
  copy_state(exec, s, in.dc, dc, s.U);
  const StateSlopes h{{s, in.mask}, in.dy, carry, out.dh0};
  run_all_rounds(exec, Backward{{in.u, 4 * s.U, 4 * s.U, s.U}, h, saved, dc, da},
                 s.T + (out.dh0 != nullptr));
  input_gradients(exec, s, 4 * s.U, da, in, out);
  recurrent_gradient(exec, s, {4 * s.U, 0, 4 * s.U}, saved.h, da, out.du);
}

int64_t lstm_saved(const RecurrentShape& s) { return 6 * s.N * s.T * s.U; }

int64_t lstm_forward_workspace(const RecurrentShape& s, int) {
  return input_sums_workspace(s, 4 * s.U) + lstm_saved(s) * static_cast<int64_t>(sizeof(float));
}

int64_t lstm_backward_workspace(const RecurrentShape& s, int) {
  return gradients_workspace(s, 4 * s.U) +
         s.N * (4 * s.T + 2) * s.U * static_cast<int64_t>(sizeof(float));
}

}  // namespace brasa::cuda
