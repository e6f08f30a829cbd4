// Rows of classes: W threads share one row, a whole warp or a single thread where there are few classes.
#pragma once

#include "cuda/flat.cuh"

namespace brasa::cuda {

// Up to here one thread takes a row: 32 lanes would mostly idle.
constexpr int64_t kThreadClasses = 32;
constexpr int kRowThreads = 128;

template <int W, class T, class Combine>
__device__ __forceinline__ T over_row(T v, Combine combine) {
  if constexpr (W == 32) {
    for (int with = 16; with > 0; with /= 2) v = combine(v, __shfl_xor_sync(~0u, v, with));
  }
  return v;
}

struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

template <int W, class T>
__device__ __forceinline__ T row_sum(T v) {
  return over_row<W>(v, Plus{});
}

// The highest element and the sum of exp(element - highest), in one pass (Milakov & Gimelshein,
// arXiv:1805.02867). A NaN, or an infinity above all, makes the sum NaN; -inf adds nothing.
struct OnlineSum {
  float highest = -3.402823466e38f, sum = 0.f;  // not -inf: its difference to -inf would be NaN

  __device__ void add(float v) {
    if (v > highest) {
      sum = fmaf(sum, expf(highest - v), 1.f + (v - v));  // v - v: NaN for an infinity
      highest = v;
    } else {
      sum += expf(v - highest);
    }
  }
  __device__ void add(const OnlineSum& other) {
    const float top = other.highest > highest ? other.highest : highest;
    sum = sum * expf(highest - top) + other.sum * expf(other.highest - top);
    highest = top;
  }
};

template <int W>
__device__ OnlineSum online_sum(const float* row, int lane, int64_t classes) {
  OnlineSum own;
  for (int64_t j = lane; j < classes; j += W) own.add(row[j]);
  if constexpr (W == 32) {
    for (int with = 16; with > 0; with /= 2) {
      OnlineSum other;
      other.highest = __shfl_xor_sync(~0u, own.highest, with);
      other.sum = __shfl_xor_sync(~0u, own.sum, with);
      // Both of a pair add in the same order: the lanes stay equal in every bit.
      if (threadIdx.x & static_cast<unsigned>(with)) {
        other.add(own);
        own = other;
      } else {
        own.add(other);
      }
    }
  }
  return own;
}

// W threads for each of the rows: rows past the last leave at once, by whole warps.
template <int W>
Launch rows_launch(int64_t rows) {
  return {dim3(static_cast<unsigned>(ceil_div(rows * W, kRowThreads))), dim3(kRowThreads)};
}

template <int W>
struct RowWidth {
  static constexpr int value = W;
};

// f(a RowWidth), that of rows of so many elements.
template <class F>
void with_row_width(int64_t elements, const F& f) {
  if (elements <= kThreadClasses) {
    f(RowWidth<1>{});
  } else {
    f(RowWidth<32>{});
  }
}

}  // namespace brasa::cuda
