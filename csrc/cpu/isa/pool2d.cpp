#include "cpu/isa/kernels.h"
#include "cpu/isa/pool2d_walk.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Past the caches, for results that would not stay in them (pieces.h).
template <bool streaming, class V, class T>
BRASA_INLINE void put(V v, T* p, Piece piece) {
  if (streaming) {
    v.stream(p + piece.at);
  } else {
    store(v, p, piece);
  }
}

// Whole vectors only: no channel is written twice.
BRASA_INLINE bool streams(const Pool2dShape& shape, int64_t count, const float* to,
                          const float* from) {
  return shape.C % Vec::width == 0 && worth_streaming(count, to, from);
}

template <bool with_argmax, bool streaming>
void max_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y,
                 int32_t* argmax) {
  const int64_t W = shape.W, C = shape.C;
  each_output(
      exec, shape,
      [&](auto taps, int64_t pixel, int64_t from, int64_t at, bool spill) BRASA_INLINE_LAMBDA {
        each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
          Vec best = load(x + from, piece);
          VecInt winner = VecInt::all(static_cast<int32_t>(pixel));
          taps.each([&](int64_t r, int64_t s) BRASA_INLINE_LAMBDA {
            if (r == 0 && s == 0) return;
            const Vec v = load(x + from + (r * W + s) * C, piece);
            // Of equals the first stays; a NaN beats every number and is never beaten.
            const Mask stays = (best >= v) | is_nan(best);
            best = select(stays, best, v);
            if (with_argmax) {
              winner = select(stays, winner, VecInt::all(static_cast<int32_t>(pixel + r * W + s)));
            }
          });
          put<streaming>(best, y + at, piece);
          if (with_argmax) put<streaming>(winner, argmax + at, piece);
        });
      });
  if (streaming) stream_fence();
}

template <bool streaming>
void max_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                  const int32_t* argmax, float* dx) {
  const int64_t W = shape.W, C = shape.C, P = shape.window.P, Q = shape.window.Q;
  if (!windows_overlap(shape.window)) {
    each_window_row(
        exec, shape, dx,
        [&](auto taps, int64_t pixel, int64_t at, int64_t from, bool spill) BRASA_INLINE_LAMBDA {
          each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
            const Vec gradient = load(dy + from, piece);
            const VecInt winner = load(argmax + from, piece);
            taps.each_column([&](int64_t s) BRASA_INLINE_LAMBDA {
              const VecInt here = VecInt::all(static_cast<int32_t>(pixel + s));
              put<streaming>(select(winner == here, gradient, Vec::zero()), dx + at + s * C, piece);
            });
          });
        });
    if (streaming) stream_fence();
    return;
  }
  each_pixel(exec, shape,
             [&](int64_t n, int64_t h, int64_t w, Span ps, Span qs, int64_t at, bool spill)
                 BRASA_INLINE_LAMBDA {
                   const VecInt here = VecInt::all(static_cast<int32_t>(h * W + w));
                   const int64_t first = ((n * P + ps.begin) * Q + qs.begin) * C;
                   with_windows(ps, qs, [&](auto windows) BRASA_INLINE_LAMBDA {
                     each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
                       Vec sum = Vec::zero();
                       windows.each([&](int64_t p, int64_t q) BRASA_INLINE_LAMBDA {
                         const int64_t from = first + (p * Q + q) * C;
                         const Mask won = load(argmax + from, piece) == here;
                         sum = sum + select(won, load(dy + from, piece), Vec::zero());
                       });
                       put<streaming>(sum, dx + at, piece);
                     });
                   });
                 });
  if (streaming) stream_fence();
}

template <bool streaming>
void average_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y) {
  const int64_t W = shape.W, C = shape.C;
  each_output(exec, shape,
              [&](auto taps, int64_t, int64_t from, int64_t at, bool spill) BRASA_INLINE_LAMBDA {
                const Vec count = Vec::all(static_cast<float>(taps.count()));
                each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
                  Vec sum = Vec::zero();
                  taps.each([&](int64_t r, int64_t s) BRASA_INLINE_LAMBDA {
                    sum = sum + load(x + from + (r * W + s) * C, piece);
                  });
                  put<streaming>(sum / count, y + at, piece);
                });
              });
  if (streaming) stream_fence();
}

template <bool streaming>
void average_backward(const Exec& exec, const Pool2dShape& shape, const float* dy, float* dx) {
  const int64_t C = shape.C, P = shape.window.P, Q = shape.window.Q;
  if (!windows_overlap(shape.window)) {
    each_window_row(exec, shape, dx,
                    [&](auto taps, int64_t, int64_t at, int64_t from, bool spill)
                        BRASA_INLINE_LAMBDA {
                          const Vec count = Vec::all(static_cast<float>(taps.count()));
                          each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
                            const Vec part = load(dy + from, piece) / count;
                            taps.each_column([&](int64_t s) BRASA_INLINE_LAMBDA {
                              put<streaming>(part, dx + at + s * C, piece);
                            });
                          });
                        });
    if (streaming) stream_fence();
    return;
  }
  const Window2d& win = shape.window;
  const Span whole_p = whole_windows(win.stride_h, win.pad_top, win.R, shape.H);
  const Span whole_q = whole_windows(win.stride_w, win.pad_left, win.S, shape.W);
  const float whole_share = 1.f / static_cast<float>(win.R * win.S);
  const auto share_of = [&](int64_t p, int64_t q) {
    return 1.f / static_cast<float>(rows_of(shape, p).size() * columns_of(shape, q).size());
  };
  each_pixel(exec, shape,
             [&](int64_t n, int64_t, int64_t, Span ps, Span qs, int64_t at,
                 bool spill) BRASA_INLINE_LAMBDA {
               const float* first = dy + ((n * P + ps.begin) * Q + qs.begin) * C;
               const auto add_up = [&](auto share) BRASA_INLINE_LAMBDA {
                 with_windows(ps, qs, [&](auto windows) BRASA_INLINE_LAMBDA {
                   each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
                     Vec sum = Vec::zero();
                     windows.each([&](int64_t p, int64_t q) BRASA_INLINE_LAMBDA {
                       sum = fma(load(first + (p * Q + q) * C, piece), Vec::all(share(p, q)), sum);
                     });
                     put<streaming>(sum, dx + at, piece);
                   });
                 });
               };
               if (whole_p.holds(ps) && whole_q.holds(qs)) {
                 add_up([&](int64_t, int64_t) { return whole_share; });
               } else {
                 add_up([&](int64_t p, int64_t q) { return share_of(ps.begin + p, qs.begin + q); });
               }
             });
  if (streaming) stream_fence();
}

}  // namespace

void max_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y,
                        int32_t* argmax) {
  const int64_t count = shape.N * shape.window.P * shape.window.Q * shape.C;
  const bool far = streams(shape, argmax == nullptr ? count : 2 * count, y, x) &&
                   reinterpret_cast<uintptr_t>(argmax) % 64 == 0;
  if (argmax != nullptr) {
    (far ? max_forward<true, true> : max_forward<true, false>)(exec, shape, x, y, argmax);
  } else {
    (far ? max_forward<false, true> : max_forward<false, false>)(exec, shape, x, y, argmax);
  }
}

void max_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                         const int32_t* argmax, float* dx) {
  const bool far = streams(shape, shape.N * shape.H * shape.W * shape.C, dx, dy);
  (far ? max_backward<true> : max_backward<false>)(exec, shape, dy, argmax, dx);
}

void average_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y) {
  const bool far = streams(shape, shape.N * shape.window.P * shape.window.Q * shape.C, y, x);
  (far ? average_forward<true> : average_forward<false>)(exec, shape, x, y);
}

void average_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                             float* dx) {
  const bool far = streams(shape, shape.N * shape.H * shape.W * shape.C, dx, dy);
  (far ? average_backward<true> : average_backward<false>)(exec, shape, dy, dx);
}

}  // namespace brasa::cpu::BRASA_ISA
