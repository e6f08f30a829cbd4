// What the recurrent ops share around their steps. recurrent_step.cuh has the steps themselves.
//
// All that has a time lies as x does, (N,T,...): what is saved, and the slopes of the gates. So the sums over
// the inputs, and the gradients of the weights, are each one product over all steps at once.
#pragma once

#include "cuda/activate.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {

__device__ __forceinline__ float sigmoid(float x) { return 1.f / (1.f + expf(-x)); }

// Steps, in the order of the sequence or the opposite one, and rows of the batch that skip them.
struct Sequence {
  RecurrentShape s;
  const float* mask;

  __device__ int64_t row(int64_t step, int64_t n) const { return n * s.T + time_of(s, step); }
  __device__ bool skips(int64_t step, int64_t n) const {
    return mask != nullptr && mask[row(step, n)] == 0.f;
  }
};

// A state on its way through the steps of the forward pass.
struct States {
  Sequence q;
  Out<float> entering;  // (N,T,U): with what each step began
  Out<float> y, last;   // or null

  __device__ float entered(int64_t step, int64_t n, int64_t j) const {
    return entering.data[q.row(step, n) * q.s.U + j];
  }
  // The step has ended with v, or was skipped.
  __device__ void leave(int64_t step, int64_t n, int64_t j, float v) const {
    if (q.skips(step, n)) v = entered(step, n, j);
    if (step + 1 < q.s.T) {
      entering[q.row(step + 1, n) * q.s.U + j] = v;
    } else if (last) {
      last[n * q.s.U + j] = v;
    }
    if (y) y[q.row(step, n) * q.s.U + j] = v;
  }
};

// dh on its way back. carry (N,U) is the part that does not pass through u: step by step each thread
// leaves it for itself.
struct StateSlopes {
  Sequence q;
  const float* dy;  // or null
  Out<float> carry, dh0;

  // by_u: what the slopes of the next step's gates give. Before the first step: dh0.
  __device__ float arriving(int64_t step, int64_t n, int64_t j, float by_u) const {
    float dh = carry.data[n * q.s.U + j];
    if (step + 1 < q.s.T && !q.skips(step + 1, n)) dh += by_u;
    if (step >= 0 && dy != nullptr) dh += dy[q.row(step, n) * q.s.U + j];
    return dh;
  }
  __device__ void keep(int64_t n, int64_t j, float v) const { carry[n * q.s.U + j] = v; }
};

// (N,U) from `from`, or zeros where that is null, to rows that are `stride` apart.
void copy_state(const Exec&, const RecurrentShape&, const float* from, float* to, int64_t stride);
// `entering` of the first step; without steps, the last state.
void begin_states(const Exec&, const States&, const float* first);

// x @ w + b for all steps, (N,T,columns).
void input_sums(const Exec&, const RecurrentShape&, int64_t columns, const RecurrentInputs&,
                float* sums);
// dx, dw and db (its first `columns`), where wanted, from the slopes of the gates' sums (N,T,columns).
void input_gradients(const Exec&, const RecurrentShape&, int64_t columns, const float* dgates,
                     const RecurrentSlopes&, const RecurrentGradients&);
// Some columns of du = left^T @ dgates, left (N,T,U). `all`: columns of both matrices.
struct RecurrentColumns {
  int64_t all, first, count;
};
void recurrent_gradient(const Exec&, const RecurrentShape&, const RecurrentColumns&,
                        const float* left, const float* dgates, float* du);

// Scratch begins with what these products need, at most so many bytes: a multiple of 64.
int64_t input_sums_workspace(const RecurrentShape&, int64_t columns);
int64_t gradients_workspace(const RecurrentShape&, int64_t columns);

}  // namespace brasa::cuda
