// Pooling, vectorised over the channels of a pixel. Forward, threads share the rows of y; backward, the
// rows of dx: each pixel gathers from the windows that hold it, so none is written twice.
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The channels of a pixel in vectors. The last vector overlaps its neighbour instead of being partial.
// Fewer channels than lanes: one vector that spills over into the pixels behind, where `spill` allows
// it. What is written there is overwritten in turn, because pixels are visited in order.
template <class F>
BRASA_INLINE void each_channels(int64_t C, bool spill, F f) {
  if (C >= Vec::width) {
    int64_t c = 0;
    for (; c + Vec::width <= C; c += Vec::width) f(Piece{c, Vec::width});
    if (c < C) f(Piece{C - Vec::width, Vec::width});
  } else if (spill) {
    f(Piece{0, Vec::width});
  } else {
    f(Piece{0, static_cast<int>(C)});
  }
}

// The rows (or columns) of window `index` that lie inside the image.
struct Span {
  int64_t begin, end;

  BRASA_INLINE Span(int64_t index, int64_t stride, int64_t pad, int64_t extent, int64_t size)
      : begin(index * stride - pad), end(begin + extent) {
    if (begin < 0) begin = 0;
    if (end > size) end = size;
  }
};

BRASA_INLINE Span rows_of(const Pool2dShape& shape, int64_t p) {
  const Window2d& win = shape.window;
  return Span(p, win.stride_h, win.pad_top, win.R, shape.H);
}
BRASA_INLINE Span columns_of(const Pool2dShape& shape, int64_t q) {
  const Window2d& win = shape.window;
  return Span(q, win.stride_w, win.pad_left, win.S, shape.W);
}

// The windows [first, end) that hold a pixel, for one pixel after the other of a row (or column): counted
// on, because a division for each pixel costs more than pooling it.
class Covering {
 public:
  BRASA_INLINE Covering(int64_t pixel, int64_t stride, int64_t pad, int64_t extent, int64_t outputs)
      : stride_(stride), outputs_(outputs) {
    const int64_t at = pixel + pad;
    last_ = at / stride;
    last_phase_ = at % stride;
    // Window 0 ends before pixel `extent` of the padded image, window 1 `stride` behind it.
    first_ = at < extent ? 0 : (at - extent) / stride + 1;
    first_phase_ = at < extent ? at - extent + stride : (at - extent) % stride;
  }
  BRASA_INLINE int64_t first() const { return first_; }
  BRASA_INLINE int64_t end() const { return last_ < outputs_ ? last_ + 1 : outputs_; }
  BRASA_INLINE void next() {
    if (++last_phase_ == stride_) last_phase_ = 0, ++last_;
    if (++first_phase_ == stride_) first_phase_ = 0, ++first_;
  }

 private:
  int64_t stride_, outputs_, first_, first_phase_, last_, last_phase_;
};

// Calls window(n, rows, columns, at, spill) for the outputs of this thread's rows; `at` is where the
// output's channels begin.
template <class F>
BRASA_INLINE void each_output(const Exec& exec, const Pool2dShape& shape, F window) {
  const auto& [N, H, W, C, win] = shape;
  const Range range = exec.share(N * win.P);
  const int64_t y_end = range.end * win.Q * C, x_end = N * H * W * C;
  for (int64_t row = range.begin; row < range.end; ++row) {
    const int64_t n = row / win.P, p = row % win.P;
    const Span rows = rows_of(shape, p);
    for (int64_t q = 0; q < win.Q; ++q) {
      const Span columns = columns_of(shape, q);
      const int64_t at = (row * win.Q + q) * C;
      const int64_t last_read = ((n * H + rows.end - 1) * W + columns.end - 1) * C;
      const bool spill = at + Vec::width <= y_end && last_read + Vec::width <= x_end;
      window(n, rows, columns, at, spill);
    }
  }
}

// Calls pixel(n, h, w, rows, columns, spill) for the pixels of this thread's rows of dx, with the windows
// that hold the pixel.
template <class F>
BRASA_INLINE void each_pixel(const Exec& exec, const Pool2dShape& shape, F pixel) {
  const auto& [N, H, W, C, win] = shape;
  const Range range = exec.share(N * H);
  const int64_t dx_end = range.end * W * C, dy_end = N * win.P * win.Q * C;
  for (int64_t row = range.begin; row < range.end; ++row) {
    const int64_t n = row / H, h = row % H;
    const Covering rows(h, win.stride_h, win.pad_top, win.R, win.P);
    Covering columns(0, win.stride_w, win.pad_left, win.S, win.Q);
    for (int64_t w = 0; w < W; ++w, columns.next()) {
      const int64_t last_read = ((n * win.P + rows.end() - 1) * win.Q + columns.end() - 1) * C;
      const bool spill = (row * W + w) * C + Vec::width <= dx_end && last_read + Vec::width <= dy_end;
      pixel(n, h, w, rows, columns, spill);
    }
  }
}

template <bool with_argmax>
void max_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y,
                 int32_t* argmax) {
  const int64_t W = shape.W, C = shape.C;
  each_output(exec, shape, [&](int64_t n, Span rows, Span columns, int64_t at, bool spill) {
    const float* image = x + n * shape.H * W * C;
    each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const int64_t first = rows.begin * W + columns.begin;
      Vec best = load(image + first * C, piece);
      VecInt winner = VecInt::all(static_cast<int32_t>(first));
      for (int64_t h = rows.begin; h < rows.end; ++h) {
        for (int64_t w = columns.begin; w < columns.end; ++w) {
          const Vec v = load(image + (h * W + w) * C, piece);
          const Mask stays = (best >= v) | is_nan(best);
          best = select(stays, best, v);
          if (with_argmax) {
            winner = select(stays, winner, VecInt::all(static_cast<int32_t>(h * W + w)));
          }
        }
      }
      store(best, y + at, piece);
      if (with_argmax) store(winner, argmax + at, piece);
    });
  });
}

}  // namespace

void max_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y,
                        int32_t* argmax) {
  return argmax != nullptr ? max_forward<true>(exec, shape, x, y, argmax)
                           : max_forward<false>(exec, shape, x, y, argmax);
}

void max_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                         const int32_t* argmax, float* dx) {
  const int64_t H = shape.H, W = shape.W, C = shape.C, P = shape.window.P, Q = shape.window.Q;
  each_pixel(exec, shape, [&](int64_t n, int64_t h, int64_t w, const Covering& rows,
                              const Covering& columns, bool spill) {
    const VecInt here = VecInt::all(static_cast<int32_t>(h * W + w));
    each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum = Vec::zero();
      for (int64_t p = rows.first(); p < rows.end(); ++p) {
        for (int64_t q = columns.first(); q < columns.end(); ++q) {
          const int64_t at = ((n * P + p) * Q + q) * C;
          const Mask won = load(argmax + at, piece) == here;
          sum = sum + select(won, load(dy + at, piece), Vec::zero());
        }
      }
      store(sum, dx + ((n * H + h) * W + w) * C, piece);
    });
  });
}

void average_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y) {
  const int64_t W = shape.W, C = shape.C;
  each_output(exec, shape, [&](int64_t n, Span rows, Span columns, int64_t at, bool spill) {
    const float* image = x + n * shape.H * W * C;
    const int64_t pixels = (rows.end - rows.begin) * (columns.end - columns.begin);
    const Vec count = Vec::all(static_cast<float>(pixels));
    each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum = Vec::zero();
      for (int64_t h = rows.begin; h < rows.end; ++h) {
        for (int64_t w = columns.begin; w < columns.end; ++w) {
          sum = sum + load(image + (h * W + w) * C, piece);
        }
      }
      store(sum / count, y + at, piece);
    });
  });
}

void average_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy, float* dx) {
  const int64_t H = shape.H, W = shape.W, C = shape.C, P = shape.window.P, Q = shape.window.Q;
  each_pixel(exec, shape, [&](int64_t n, int64_t h, int64_t w, const Covering& rows,
                              const Covering& columns, bool spill) {
    each_channels(C, spill, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum = Vec::zero();
      for (int64_t p = rows.first(); p < rows.end(); ++p) {
        const Span in_rows = rows_of(shape, p);
        for (int64_t q = columns.first(); q < columns.end(); ++q) {
          const Span in_columns = columns_of(shape, q);
          const int64_t pixels =
              (in_rows.end - in_rows.begin) * (in_columns.end - in_columns.begin);
          const int64_t at = ((n * P + p) * Q + q) * C;
          sum = sum + load(dy + at, piece) / Vec::all(static_cast<float>(pixels));
        }
      }
      store(sum, dx + ((n * H + h) * W + w) * C, piece);
    });
  });
}

}  // namespace brasa::cpu::BRASA_ISA
