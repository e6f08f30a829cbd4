// How the pooling kernels go over their images: one vector of channels after the other, the outputs of
// this thread's rows of y forward, the pixels of its rows of dx backward.
#pragma once

#include "cpu/isa/pieces.h"
#include "ops/pool2d.h"

namespace brasa::cpu::BRASA_ISA {

// The channels of a pixel in vectors. The last vector overlaps its neighbour instead of being partial.
// Fewer channels than lanes: one vector that spills over into the pixels behind, where `spill` allows
// it. What is written there is overwritten in turn, because pixels are visited in order.
template <class F>
BRASA_INLINE void each_channels(int64_t C, bool spill, F f) {
  if (C < Vec::width && !spill) return f(Piece{0, static_cast<int>(C)});
  int64_t c = 0;
  do {
    f(Piece{c, Vec::width});
    c += Vec::width;
  } while (c + Vec::width <= C);
  if (c < C) f(Piece{C - Vec::width, Vec::width});
}

// What they cost, in numbers: a part of a vector takes as long as all of it.
BRASA_INLINE int64_t vectors_of(int64_t C) {
  return (C + Vec::width - 1) / Vec::width * Vec::width;
}

struct Span {
  int64_t begin, end;
  BRASA_INLINE int64_t size() const { return end - begin; }
  BRASA_INLINE bool holds(Span other) const { return begin <= other.begin && other.end <= end; }
};

// The rows (or columns) of window `index` that lie inside the image.
BRASA_INLINE Span pixels_of(int64_t index, int64_t stride, int64_t pad, int64_t extent,
                            int64_t size) {
  const int64_t begin = index * stride - pad, end = begin + extent;
  return {begin > 0 ? begin : 0, end < size ? end : size};
}
BRASA_INLINE Span rows_of(const Pool2dShape& shape, int64_t p) {
  const Window2d& win = shape.window;
  return pixels_of(p, win.stride_h, win.pad_top, win.R, shape.H);
}
BRASA_INLINE Span columns_of(const Pool2dShape& shape, int64_t q) {
  const Window2d& win = shape.window;
  return pixels_of(q, win.stride_w, win.pad_left, win.S, shape.W);
}

// The windows that lie inside the image altogether.
BRASA_INLINE Span whole_windows(int64_t stride, int64_t pad, int64_t extent, int64_t size) {
  const int64_t room = size + pad - extent;
  return {(pad + stride - 1) / stride, room < 0 ? 0 : room / stride + 1};
}

// The windows that hold a pixel, for one pixel of a row (or column) after the other: counted on, because
// divisions for each pixel cost more than pooling it.
class Covering {
 public:
  BRASA_INLINE Covering(int64_t pixel, int64_t stride, int64_t pad, int64_t extent, int64_t outputs)
      : stride_(stride), outputs_(outputs) {
    const int64_t at = pixel + pad;
    end_ = at / stride + 1;
    end_phase_ = at % stride;
    // Window 0 ends before pixel `extent` of the padded image, and each one `stride` behind the other.
    begin_ = at < extent ? 0 : (at - extent) / stride + 1;
    begin_phase_ = at < extent ? at - extent + stride : (at - extent) % stride;
  }
  BRASA_INLINE Span windows() const { return {begin_, end_ < outputs_ ? end_ : outputs_}; }
  BRASA_INLINE void next() {
    if (++end_phase_ == stride_) end_phase_ = 0, ++end_;
    if (++begin_phase_ == stride_) begin_phase_ = 0, ++begin_;
  }

 private:
  int64_t stride_, outputs_, begin_, begin_phase_, end_, end_phase_;
};

// f(0), f(1) ... f(length - 1), the length being `Known`, or 0 where it is not.
template <int Known, class F>
BRASA_INLINE void along(int64_t length, F f) {
  if constexpr (Known > 0) {
    BRASA_UNROLL_ALL
    for (int64_t i = 0; i < Known; ++i) f(i);
  } else {
    for (int64_t i = 0; i < length; ++i) f(i);
  }
}

// The pixels of a window in row order: f(r, s). R and S are known to the compiler, or 0.
template <int R, int S>
struct Taps {
  int64_t height, width;

  BRASA_INLINE int64_t count() const { return height * width; }
  template <class F>
  BRASA_INLINE void each(F f) const {
    along<R>(height, [&](int64_t r) BRASA_INLINE_LAMBDA {
      each_column([&](int64_t s) BRASA_INLINE_LAMBDA { f(r, s); });
    });
  }
  template <class F>
  BRASA_INLINE void each_column(F f) const {
    along<S>(width, f);
  }
};

// f(taps), with the common sizes as constants: the loops over them are then unrolled.
template <class F>
BRASA_INLINE void with_taps(Span rows, Span columns, F f) {
  const int64_t height = rows.size(), width = columns.size();
  if (height == 2 && width == 2) return f(Taps<2, 2>{2, 2});
  if (height == 3 && width == 3) return f(Taps<3, 3>{3, 3});
  f(Taps<0, 0>{height, width});
}

// The same for the windows ps x qs that hold a pixel: one or two each way, where they overlap by less than
// half.
template <class F>
BRASA_INLINE void with_windows(Span ps, Span qs, F f) {
  const int64_t height = ps.size(), width = qs.size();
  if (height == 1 && width == 1) return f(Taps<1, 1>{1, 1});
  if (height == 1 && width == 2) return f(Taps<1, 2>{1, 2});
  if (height == 2 && width == 1) return f(Taps<2, 1>{2, 1});
  if (height == 2 && width == 2) return f(Taps<2, 2>{2, 2});
  f(Taps<0, 0>{height, width});
}

// Runs of windows beside each other whose columns are as many: f(begin, end), for those cut off at the left
// one by one, all whole ones at once, those at the right one by one. One call: f is large, and inline.
template <class F>
BRASA_INLINE void each_run(const Pool2dShape& shape, F f) {
  const Window2d win = shape.window;
  const Span whole = whole_windows(win.stride_w, win.pad_left, win.S, shape.W);
  for (int64_t q = 0, end; q < win.Q; q = end) {
    end = q == whole.begin && q < whole.end && whole.end <= win.Q ? whole.end : q + 1;
    f(q, end);
  }
}

// Forward: f(taps, pixel, from, at, spill) for each output that this thread takes. Its window begins at
// pixel h*W + w of its image, that pixel's channels at x + from, its own at y + at.
template <class F>
BRASA_INLINE void each_output(const Exec& exec, const Pool2dShape& shape, F f) {
  const Window2d win = shape.window;
  const int64_t H = shape.H, W = shape.W, C = shape.C, P = win.P, Q = win.Q;
  const int64_t x_end = shape.N * H * W * C;
  for (const Range range : row_portions(exec, shape.N * P, vectors_of(C) * Q * win.R * win.S)) {
    const int64_t y_end = range.end * Q * C;
    for (int64_t row = range.begin; row < range.end; ++row) {
      const int64_t n = row / P;
      const Span rows = rows_of(shape, row % P);
      each_run(shape, [&](int64_t begin, int64_t end) BRASA_INLINE_LAMBDA {
        const Span columns = columns_of(shape, begin);
        with_taps(rows, columns, [&](auto taps) BRASA_INLINE_LAMBDA {
          int64_t pixel = rows.begin * W + columns.begin, from = (n * H * W + pixel) * C;
          const int64_t reach = ((rows.size() - 1) * W + columns.size() - 1) * C + Vec::width;
          for (int64_t at = (row * Q + begin) * C; at < (row * Q + end) * C; at += C) {
            f(taps, pixel, from, at, at + Vec::width <= y_end && from + reach <= x_end);
            pixel += win.stride_w, from += win.stride_w * C;
          }
        });
      });
    }
  }
}

// Backward: f(n, h, w, ps, qs, at, spill) for each pixel that this thread takes; the windows ps x qs
// hold it, its channels begin at dx + at.
template <class F>
BRASA_INLINE void each_pixel(const Exec& exec, const Pool2dShape& shape, F f) {
  const Window2d win = shape.window;
  const int64_t H = shape.H, W = shape.W, C = shape.C, P = win.P, Q = win.Q;
  const int64_t dy_end = shape.N * P * Q * C;
  for (const Range range : row_portions(exec, shape.N * H, vectors_of(C) * W)) {
    const int64_t dx_end = range.end * W * C;
    for (int64_t row = range.begin; row < range.end; ++row) {
      const int64_t n = row / H, h = row % H;
      const Span ps = Covering(h, win.stride_h, win.pad_top, win.R, P).windows();
      const int64_t last_row = (n * P + ps.end - 1) * Q;
      Covering columns(0, win.stride_w, win.pad_left, win.S, Q);
      for (int64_t w = 0; w < W; ++w, columns.next()) {
        const Span qs = columns.windows();
        const int64_t at = (row * W + w) * C, last_read = (last_row + qs.end - 1) * C;
        const bool spill = at + Vec::width <= dx_end && last_read + Vec::width <= dy_end;
        f(n, h, w, ps, qs, at, spill);
      }
    }
  }
}

BRASA_INLINE bool windows_overlap(const Window2d& win) {
  return win.stride_h < win.R || win.stride_w < win.S;
}

// Backward, for windows that do not overlap: f(taps, pixel, at, from, spill) for each piece of a row that
// lies in one window. It begins at pixel h*W + w of its image and at dx + at, the window's output at
// dy + from. Pixels that no window holds become 0.
template <class F>
BRASA_INLINE void each_window_row(const Exec& exec, const Pool2dShape& shape, float* dx, F f) {
  const Window2d win = shape.window;
  const int64_t H = shape.H, W = shape.W, C = shape.C, P = win.P, Q = win.Q;
  const int64_t dy_end = shape.N * P * Q * C;
  // Windows begin at the first pixel. They may leave pixels behind the last, cleared when what spills over
  // lies there; or gaps between them, cleared first and kept.
  const bool gaps = win.stride_w > win.S || Q == 0;
  const int64_t covered = Q == 0 ? 0 : columns_of(shape, Q - 1).end;
  const auto clear = [&](int64_t row, int64_t begin) {
    if (begin == W) return;
    memset(dx + (row * W + begin) * C, 0, static_cast<size_t>((W - begin) * C) * sizeof(float));
  };
  for (const Range range : row_portions(exec, shape.N * H, vectors_of(C) * W)) {
    const int64_t dx_end = range.end * W * C;
    for (int64_t row = range.begin; row < range.end; ++row) {
      const int64_t n = row / H, h = row % H, p = (h + win.pad_top) / win.stride_h;
      const Span rows = rows_of(shape, p);
      if (p >= P || h >= rows.end) {
        clear(row, 0);
        continue;
      }
      if (gaps) clear(row, 0);
      each_run(shape, [&](int64_t begin, int64_t end) BRASA_INLINE_LAMBDA {
        const Span columns = columns_of(shape, begin);
        with_taps(rows, columns, [&](auto taps) BRASA_INLINE_LAMBDA {
          const int64_t first = ((n * P + p) * Q + begin) * C;
          const int64_t reach = (columns.size() - 1) * C + Vec::width;
          int64_t pixel = h * W + columns.begin, at = (row * W + columns.begin) * C;
          for (int64_t from = first; from < first + (end - begin) * C; from += C) {
            const bool room = at + reach <= dx_end && from + Vec::width <= dy_end;
            f(taps, pixel, at, from, room && !gaps);
            pixel += win.stride_w, at += win.stride_w * C;
          }
        });
      });
      if (!gaps) clear(row, covered);
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
