// One thread for each element of the result, forward and backward: a gradient gathers what its windows
// send back, in row order of (p, q), so that no two threads add into one place.
#include "cuda/flat.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

struct Place {
  int64_t n;
  int h, w, c;
};

// Element i of an array (N, H, W, C).
__device__ Place place_of(int64_t i, int64_t H, int64_t W, int64_t C) {
  Place at;
  at.c = static_cast<int>(i % C);
  i /= C;
  at.w = static_cast<int>(i % W);
  i /= W;
  at.h = static_cast<int>(i % H);
  at.n = i / H;
  return at;
}

struct Interval {
  int begin, end;
  __device__ int length() const { return end - begin; }
};

// The pixels of window `p` inside an image of `extent`.
__device__ Interval pixels_of(int p, int64_t stride, int64_t pad, int64_t size, int64_t extent) {
  const int64_t first = p * stride - pad, last = first + size;
  return {static_cast<int>(first > 0 ? first : 0), static_cast<int>(last < extent ? last : extent)};
}

// The windows that hold pixel `h`.
__device__ Interval windows_of(int h, int64_t stride, int64_t pad, int64_t size, int64_t outputs) {
  const int64_t padded = h + pad;
  const int64_t first = padded < size ? 0 : (padded - size) / stride + 1;
  const int64_t last = padded / stride + 1;
  return {static_cast<int>(first), static_cast<int>(last < outputs ? last : outputs)};
}

struct Windows {
  Interval p, q;
};

__device__ Windows windows_of(const Pool2dShape& s, const Place& at) {
  const Window2d& win = s.window;
  return {windows_of(at.h, win.stride_h, win.pad_top, win.R, win.P),
          windows_of(at.w, win.stride_w, win.pad_left, win.S, win.Q)};
}

struct Pixels {
  Interval h, w;
  __device__ int count() const { return h.length() * w.length(); }
};

__device__ Pixels pixels_of(const Pool2dShape& s, int p, int q) {
  const Window2d& win = s.window;
  return {pixels_of(p, win.stride_h, win.pad_top, win.R, s.H),
          pixels_of(q, win.stride_w, win.pad_left, win.S, s.W)};
}

// Strictly greater, so that ties stay with the first; the first NaN beats every number.
__device__ bool beats(float value, float best) {
  return value > best || (value != value && best == best);
}

__global__ void max_forward(Pool2dShape s, int64_t count, const float* x, Out<float> y,
                            Out<int32_t> argmax) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) {
    const Place at = place_of(i, s.window.P, s.window.Q, s.C);
    const Pixels in = pixels_of(s, at.h, at.w);
    const float* image = x + at.n * s.H * s.W * s.C + at.c;
    int64_t winner = in.h.begin * s.W + in.w.begin;
    float best = image[winner * s.C];
    for (int h = in.h.begin; h < in.h.end; ++h) {
      for (int w = in.w.begin; w < in.w.end; ++w) {
        const float value = image[(h * s.W + w) * s.C];
        if (beats(value, best)) best = value, winner = h * s.W + w;
      }
    }
    y[i] = best;
    if (argmax) argmax[i] = static_cast<int32_t>(winner);
  }
}

__global__ void max_backward(Pool2dShape s, int64_t count, const float* dy, const int32_t* argmax,
                             Out<float> dx) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) {
    const Place at = place_of(i, s.H, s.W, s.C);
    const Windows of = windows_of(s, at);
    const int32_t own = static_cast<int32_t>(at.h * s.W + at.w);
    float sum = 0.f;
    for (int p = of.p.begin; p < of.p.end; ++p) {
      for (int q = of.q.begin; q < of.q.end; ++q) {
        const int64_t j = ((at.n * s.window.P + p) * s.window.Q + q) * s.C + at.c;
        if (argmax[j] == own) sum += dy[j];
      }
    }
    dx[i] = sum;
  }
}

__global__ void average_forward(Pool2dShape s, int64_t count, const float* x, Out<float> y) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) {
    const Place at = place_of(i, s.window.P, s.window.Q, s.C);
    const Pixels in = pixels_of(s, at.h, at.w);
    const float* image = x + at.n * s.H * s.W * s.C + at.c;
    float sum = 0.f;
    for (int h = in.h.begin; h < in.h.end; ++h) {
      for (int w = in.w.begin; w < in.w.end; ++w) sum += image[(h * s.W + w) * s.C];
    }
    y[i] = sum / static_cast<float>(in.count());
  }
}

__global__ void average_backward(Pool2dShape s, int64_t count, const float* dy, Out<float> dx) {
  for (int64_t i = flat_thread(); i < count; i += flat_threads()) {
    const Place at = place_of(i, s.H, s.W, s.C);
    const Windows of = windows_of(s, at);
    float sum = 0.f;
    for (int p = of.p.begin; p < of.p.end; ++p) {
      for (int q = of.q.begin; q < of.q.end; ++q) {
        const int64_t j = ((at.n * s.window.P + p) * s.window.Q + q) * s.C + at.c;
        sum += dy[j] / static_cast<float>(pixels_of(s, p, q).count());
      }
    }
    dx[i] = sum;
  }
}

int64_t outputs_of(const Pool2dShape& s) { return s.N * s.window.P * s.window.Q * s.C; }
int64_t inputs_of(const Pool2dShape& s) { return s.N * s.H * s.W * s.C; }

}  // namespace

void max_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y,
                        int32_t* argmax) {
  const int64_t count = outputs_of(shape);
  if (count == 0) return;
  launch(exec, flat_launch(count), max_forward, shape, count, x, y, argmax);
}

void max_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                         const int32_t* argmax, float* dx) {
  const int64_t count = inputs_of(shape);
  if (count == 0) return;
  launch(exec, flat_launch(count), max_backward, shape, count, dy, argmax, dx);
}

void average_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y) {
  const int64_t count = outputs_of(shape);
  if (count == 0) return;
  launch(exec, flat_launch(count), average_forward, shape, count, x, y);
}

void average_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                             float* dx) {
  const int64_t count = inputs_of(shape);
  if (count == 0) return;
  launch(exec, flat_launch(count), average_backward, shape, count, dy, dx);
}

}  // namespace brasa::cuda
