#include "cuda/recurrent.cuh"
#include "cuda/recurrent_step.cuh"

namespace brasa::cuda {
namespace {

// saved: z, r, g after their activations (N,T,3U), then q and the h with which each step began (N,T,U). q is
// what the reset gate meets: h @ ug + cg, which r multiplies, or r * h, which ug multiplies.
struct Saved {
  Out<float> gates, q, h;

  Saved(const RecurrentShape& s, float* saved)
      : gates(saved), q(saved + 3 * s.N * s.T * s.U), h(saved + 4 * s.N * s.T * s.U) {}
};

// What every kernel here knows of the forward pass.
struct Frame {
  States h;
  Saved saved;
  const float* c;  // b[1], or null

  __host__ __device__ const RecurrentShape& shape() const { return h.q.s; }
  // The columns of one time in (N,T,width).
  __device__ StepRows at_time(const float* all, int64_t step, int64_t width) const {
    return {all + time_of(shape(), step) * width, shape().T * width};
  }
  __device__ float bias(int64_t column) const { return c == nullptr ? 0.f : c[column]; }
};

// With reset_after, a = x @ w + b[0]:
//   z, r = sigmoid(a + h @ u + c),  q = h @ ug + cg,  g = tanh(a + r * q),  h = g + z * (h - g)
struct Forward {
  static constexpr int kGates = 3;
  static constexpr bool kAlongDepth = false;
  StepFactor<false> factor;
  Frame f;

  __host__ __device__ const RecurrentShape& shape() const { return f.shape(); }
  __device__ StepRows rows(int64_t step) const {
    return f.at_time(f.saved.h.data, step, shape().U);
  }
  __device__ void finish(int64_t step, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t U = shape().U, row = f.h.q.row(step, n);
    const Out<float> a = f.saved.gates + (row * 3 * U + j);
    const float z = sigmoid(a.data[0] + (by_u[0] + f.bias(j)));
    const float r = sigmoid(a.data[U] + (by_u[1] + f.bias(U + j)));
    const float q = by_u[2] + f.bias(2 * U + j), g = tanhf(fmaf(r, q, a.data[2 * U]));
    a[0] = z, a[U] = r, a[2 * U] = g;
    f.saved.q[row * U + j] = q;
    f.h.leave(step, n, j, fmaf(z, f.h.entered(step, n, j) - g, g));
  }
};

// Without reset_after a step is two launches, since ug multiplies what r gave for all units:
//   z, r = sigmoid(a + h @ u),  q = r * h
struct Reset {
  static constexpr int kGates = 2;
  static constexpr bool kAlongDepth = false;
  StepFactor<false> factor;
  Frame f;

  __host__ __device__ const RecurrentShape& shape() const { return f.shape(); }
  __device__ StepRows rows(int64_t step) const {
    return f.at_time(f.saved.h.data, step, shape().U);
  }
  __device__ void finish(int64_t step, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t U = shape().U, row = f.h.q.row(step, n);
    const Out<float> a = f.saved.gates + (row * 3 * U + j);
    const float z = sigmoid(a.data[0] + by_u[0]), r = sigmoid(a.data[U] + by_u[1]);
    a[0] = z, a[U] = r;
    f.saved.q[row * U + j] = r * f.h.entered(step, n, j);
  }
};

//   g = tanh(a + q @ ug),  h = g + z * (h - g)
struct Candidate {
  static constexpr int kGates = 1;
  static constexpr bool kAlongDepth = false;
  StepFactor<false> factor;
  Frame f;

  __host__ __device__ const RecurrentShape& shape() const { return f.shape(); }
  __device__ StepRows rows(int64_t step) const {
    return f.at_time(f.saved.q.data, step, shape().U);
  }
  __device__ void finish(int64_t step, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t U = shape().U;
    const Out<float> a = f.saved.gates + (f.h.q.row(step, n) * 3 * U + j);
    const float g = tanhf(a.data[2 * U] + by_u[0]);
    a[2 * U] = g;
    f.h.leave(step, n, j, fmaf(a.data[0], f.h.entered(step, n, j) - g, g));
  }
};

// The slopes of the sums, z, r, g (N,T,3U): of those with x and, by_state, of those with h. With
// reset_after the two differ in g; else they are one array.
struct Backward {
  static constexpr int kGates = 1;
  static constexpr bool kAlongDepth = true;
  StepFactor<true> factor;
  StateSlopes h;
  Saved saved;
  Out<float> da, by_state;
  bool reset_after;

  __host__ __device__ const RecurrentShape& shape() const { return h.q.s; }
  __device__ StepRows rows(int64_t round) const {
    const int64_t U = shape().U, next = shape().T - round;
    return {next < shape().T ? by_state.data + time_of(shape(), next) * 3 * U : nullptr,
            shape().T * 3 * U};
  }
  // With dh = dy + by_state of the next step @ u^T + what that step kept:
  //   dz = dh * (h - g) * z * (1 - z),  dg = dh * (1 - z) * (1 - g^2),  kept: dh * z
  //   dr = dg * q * r * (1 - r), by_state's dg = dg * r            with reset_after, else BackwardReset
  __device__ void finish(int64_t round, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t U = shape().U, step = shape().T - 1 - round;
    const float dh = h.arriving(step, n, j, by_u[0]);
    if (step < 0) {
      h.dh0[n * U + j] = dh;
      return;
    }
    const int64_t row = h.q.row(step, n), at = row * 3 * U + j;
    const float* gate = saved.gates.data + at;
    const float z = gate[0], r = gate[U], g = gate[2 * U];
    const bool skipped = h.q.skips(step, n);
    const float dz = skipped ? 0.f : dh * (saved.h.data[row * U + j] - g) * z * (1.f - z);
    const float dg = skipped ? 0.f : dh * (1.f - z) * (1.f - g * g);
    const Out<float> slopes = da + at, of_state = by_state + at;
    slopes[0] = dz, slopes[2 * U] = dg;
    h.keep(n, j, skipped ? dh : dh * z);
    if (!reset_after) return;
    const float dr = skipped ? 0.f : dg * saved.q.data[row * U + j] * r * (1.f - r);
    slopes[U] = dr;
    of_state[0] = dz, of_state[U] = dr, of_state[2 * U] = skipped ? 0.f : dg * r;
  }
};

//   dq = dg @ ug^T,  dr = dq * h * r * (1 - r),  kept as well: dq * r
struct BackwardReset {
  static constexpr int kGates = 1;
  static constexpr bool kAlongDepth = true;
  StepFactor<true> factor;
  StateSlopes h;
  Saved saved;
  Out<float> da;

  __host__ __device__ const RecurrentShape& shape() const { return h.q.s; }
  __device__ StepRows rows(int64_t round) const {
    const int64_t U = shape().U, step = shape().T - 1 - round;
    return {da.data + time_of(shape(), step) * 3 * U + 2 * U, shape().T * 3 * U};
  }
  __device__ void finish(int64_t round, int64_t n, int64_t j, const float (&by_u)[kGates]) const {
    const int64_t U = shape().U, step = shape().T - 1 - round, row = h.q.row(step, n);
    const bool skipped = h.q.skips(step, n);
    const float r = saved.gates.data[row * 3 * U + U + j], dq = by_u[0];
    da[row * 3 * U + U + j] = skipped ? 0.f : dq * saved.h.data[row * U + j] * r * (1.f - r);
    if (!skipped) h.keep(n, j, fmaf(dq, r, h.carry.data[n * U + j]));
  }
};

// by_state is an array of its own with reset_after alone.
int64_t slope_floats(const GruShape& s) { return (s.reset_after ? 6 : 3) * s.N * s.T * s.U; }

void run_back(const Exec& exec, const GruShape& s, const float* u, Backward cell, int64_t rounds) {
  const int64_t U = s.U;
  if (s.reset_after) {
    cell.factor = {u, 3 * U, 3 * U, U};
    return run_all_rounds(exec, cell, rounds);
  }
  cell.factor = {u, 2 * U, 3 * U, U};
  const BackwardReset reset{{u + 2 * U, U, 3 * U, U}, cell.h, cell.saved, cell.da};
  for (int64_t round = 0; round < rounds && s.N > 0; ++round) {
    launch_round(exec, cell, round);
    if (round < s.T) launch_round(exec, reset, round);
  }
}

}  // namespace

void gru_forward(const Exec& exec, const GruShape& s, const RecurrentInputs& in,
                 const RecurrentOutputs& out) {
  const int64_t U = s.U;
  float* const scratch = reinterpret_cast<float*>(exec.scratch + input_sums_workspace(s, 3 * U));
  const Saved saved(s, out.saved != nullptr ? out.saved : scratch);
  const float* c = in.b != nullptr && s.reset_after ? in.b + 3 * U : nullptr;
  const Frame f{{{s, in.mask}, saved.h, out.y, out.h}, saved, c};
  input_sums(exec, s, 3 * U, in, saved.gates.data);
  begin_states(exec, f.h, in.h0);
  if (s.reset_after) return run_all_rounds(exec, Forward{{in.u, U, 3 * U, U}, f}, s.T);
  for (int64_t step = 0; step < s.T && s.N > 0; ++step) {
    launch_round(exec, Reset{{in.u, U, 3 * U, U}, f}, step);
    launch_round(exec, Candidate{{in.u + 2 * U, U, 3 * U, U}, f}, step);
  }
}

void gru_backward(const Exec& exec, const GruShape& s, const RecurrentSlopes& in,
                  const RecurrentGradients& out) {
  const int64_t U = s.U, columns = 3 * U;
  const Saved saved(s, const_cast<float*>(in.saved));
  float* const da = reinterpret_cast<float*>(exec.scratch + gradients_workspace(s, columns));
  float* const by_state = s.reset_after ? da + slope_floats(s) / 2 : da;
  float* const carry = da + slope_floats(s);
  copy_state(exec, s, in.dh, carry, U);
  const StateSlopes h{{s, in.mask}, in.dy, carry, out.dh0};
  run_back(exec, s, in.u, Backward{StepFactor<true>(), h, saved, da, by_state, s.reset_after},
           s.T + (out.dh0 != nullptr));
  input_gradients(exec, s, columns, da, in, out);
  if (s.reset_after) {
    if (out.db != nullptr) {
      bias_gradient(exec, s.N * s.T, columns, Write::kSet, by_state, out.db + columns);
    }
    return recurrent_gradient(exec, s, {columns, 0, columns}, saved.h.data, by_state, out.du);
  }
  recurrent_gradient(exec, s, {columns, 0, 2 * U}, saved.h.data, da, out.du);
  recurrent_gradient(exec, s, {columns, 2 * U, U}, saved.q.data, da, out.du);
}

int64_t gru_saved(const GruShape& s) { return 5 * s.N * s.T * s.U; }

int64_t gru_forward_workspace(const GruShape& s, int) {
  return input_sums_workspace(s, 3 * s.U) + gru_saved(s) * static_cast<int64_t>(sizeof(float));
}

int64_t gru_backward_workspace(const GruShape& s, int) {
  return gradients_workspace(s, 3 * s.U) +
         (slope_floats(s) + s.N * s.U) * static_cast<int64_t>(sizeof(float));
}

}  // namespace brasa::cuda
