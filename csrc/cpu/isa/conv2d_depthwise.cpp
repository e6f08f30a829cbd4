// Bands of two rows of y, in tiles of four columns: a pixel that several windows of a tile meet is loaded once.
#include "cpu/isa/activate.h"
#include "cpu/isa/conv2d_depthwise_windows.h"
#include "cpu/isa/conv2d_turned.h"
#include "cpu/isa/strips.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

constexpr int kRows = 2, kColumns = 4, kSums = kRows * kColumns;

// One thread's buffers.
struct Band {
  PixelTable table;
  int64_t columns;  // of a row of y, in whole tiles
  const float** pixel;
  float** out;  // where the channels of each sum go
  float *zeros, *sink;

  BRASA_INLINE Band(const Conv2dShape& s)
      : table(s.window, kRows, round_up(larger(1, s.window.Q), kColumns)),
        columns(round_up(larger(1, s.window.Q), kColumns)) {}
  BRASA_INLINE int64_t bytes(const Conv2dShape& s) const {
    return round_up((table.entries() + kRows * columns) * 8, 64) + 2 * round_up(s.C * 4, 64);
  }
  BRASA_INLINE void place(const Conv2dShape& s, char* at) {
    pixel = reinterpret_cast<const float**>(at);
    out = reinterpret_cast<float**>(at + table.entries() * 8);
    zeros = reinterpret_cast<float*>(at + round_up((table.entries() + kRows * columns) * 8, 64));
    sink = zeros + round_up(s.C, 16);
    clear_floats(2 * round_up(s.C, 16), zeros);
  }
};

// What the sums of a tile are made of, from the window that `pixel` begins.
struct Windows {
  const PixelTable& t;
  const Window2d& win;
  const float* const* pixel;
  const float* w;
  int64_t C;
};

// Taps in row order for each of the sums. Size and stride are constants: all filters are in registers.
template <int R, int S, int stride>
BRASA_INLINE void sum_tile(KnownWindow<R, S, stride>, const Windows& of, Piece piece,
                           Vec (&sum)[kSums]) {
  Vec weight[R * S];
  unrolled<R * S>([&](int i) BRASA_INLINE_LAMBDA { weight[i] = load(of.w + i * of.C, piece); });
  unrolled<(kRows - 1) * stride + R>([&](int i) BRASA_INLINE_LAMBDA {
    unrolled<(kColumns - 1) * stride + S>([&](int j) BRASA_INLINE_LAMBDA {
      const Vec x = load(of.pixel[i * of.t.width + j], piece);
      unrolled<kSums>([&](int k) BRASA_INLINE_LAMBDA {
        const int r = i - k / kColumns * stride, c = j - k % kColumns * stride;
        if (r >= 0 && r < R && c >= 0 && c < S) sum[k] = fma(x, weight[r * S + c], sum[k]);
      });
    });
  });
}

// Only the width is: row i of the table is row i of the upper windows, and row i - stride_h of the lower ones.
template <int S, int stride>
BRASA_INLINE void sum_tile(KnownWindow<0, S, stride>, const Windows& of, Piece piece,
                           Vec (&sum)[kSums]) {
  constexpr int kWidth = (kColumns - 1) * stride + S;
  const float* const* pixel = of.pixel;
  for (int64_t i = 0; i < of.t.height; ++i, pixel += of.t.width) {
    Vec x[kWidth];
    unrolled<kWidth>([&](int j) BRASA_INLINE_LAMBDA { x[j] = load(pixel[j], piece); });
    unrolled<kRows>([&](int row) BRASA_INLINE_LAMBDA {
      const int64_t r = i - row * of.win.stride_h;
      if (r < 0 || r >= of.win.R) return;
      unrolled<S>([&](int c) BRASA_INLINE_LAMBDA {
        const Vec weight = load(of.w + (r * S + c) * of.C, piece);
        unrolled<kColumns>([&](int k) BRASA_INLINE_LAMBDA {
          Vec& own = sum[row * kColumns + k];
          own = fma(x[k * stride + c], weight, own);
        });
      });
    });
  }
}

BRASA_INLINE void sum_tile(KnownWindow<0, 0, 0>, const Windows& of, Piece piece,
                           Vec (&sum)[kSums]) {
  const float* w = of.w;
  for (int64_t r = 0; r < of.win.R; ++r) {
    const float* const* at = of.pixel + r * of.win.dilation_h * of.t.width;
    for (int64_t c = 0; c < of.win.S; ++c, w += of.C, at += of.win.dilation_w) {
      const Vec weight = load(w, piece);
      unrolled<kSums>([&](int k) BRASA_INLINE_LAMBDA {
        const Vec x = load(at[k / kColumns * of.t.down + k % kColumns * of.t.along], piece);
        sum[k] = fma(x, weight, sum[k]);
      });
    }
  }
}

// All sums of a band.
template <class Known>
void sum_band(const Band& band, const Conv2dShape& s, NextRows next, const float* w,
              const float* b) {
  const PixelTable& t = band.table;
  for (int64_t q = 0; q < band.columns; q += kColumns) {
    const Windows windows = {t, s.window, band.pixel + q * t.along, w, s.C};
    float* const* out = band.out + q;
    each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum[kSums];
      const Vec bias = b == nullptr ? Vec::zero() : load(b, piece);
      unrolled<kSums>([&](int k) BRASA_INLINE_LAMBDA { sum[k] = bias; });
      next.fetch();
      sum_tile(Known(), windows, piece, sum);
      unrolled<kSums>([&](int k) BRASA_INLINE_LAMBDA {
        float* to = out[k / kColumns * band.columns + k % kColumns];
        Vec value = activate(s.activation, sum[k]);
        if (s.write == Write::kAdd) value = value + load(to, piece);
        store(value, to, piece);
      });
    });
  }
}

void place_results(const Band& band, const Conv2dShape& s, int64_t n, int64_t p, float* y) {
  const int64_t P = s.window.P, Q = s.window.Q;
  for (int64_t i = 0; i < kRows; ++i) {
    float** out = band.out + i * band.columns;
    for (int64_t q = 0; q < band.columns; ++q) {
      out[q] = p + i < P && q < Q ? y + (((n * P + p + i) * Q) + q) * s.C : band.sink;
    }
  }
}

}  // namespace

void sum_windows(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                 const float* b, char* scratch, float* y) {
  Band band(s);
  band.place(s, scratch + exec.thread * band.bytes(s));
  const int64_t bands = ceil_div(s.window.P, kRows);
  const int64_t terms = kRows * s.window.Q * round_up(s.C, Vec::width) * s.window.R * s.window.S;
  with_window(s.window, [&](auto known) {
    for (const Range mine : row_portions(exec, s.N * bands, terms)) {
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const int64_t n = i / bands, p = i % bands * kRows;
        fill_table(band.table, s, n, p, x, band.zeros, band.pixel);
        place_results(band, s, n, p, y);
        const NextRows next = next_rows(s, band.table, n, p, x, kRows, band.columns / kColumns);
        sum_band<decltype(known)>(band, s, next, w, b);
      }
    }
  });
}

int64_t sum_windows_workspace(const Conv2dShape& s, int threads) {
  return threads * Band(s).bytes(s);
}

void depthwise_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                       const float* b, float* y) {
  Conv2dShape set = s;
  set.write = Write::kSet;
  sum_windows(exec, set, x, w, b, exec.scratch, y);
}

}  // namespace brasa::cpu::BRASA_ISA
