// Bands of two rows of y, in tiles of four columns: a pixel that several windows of a tile meet is loaded once.
#include "cpu/isa/conv2d_depthwise.h"

#include "cpu/isa/activate.h"
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

// The sums of a tile, from the one that `pixel` begins: taps in row order for each of them.
template <class Known>
BRASA_INLINE void sum_tile(const PixelTable& t, const Window2d& win, const float* const* pixel,
                           const float* w, int64_t C, Piece piece, Vec (&sum)[kSums]) {
  if constexpr (Known::R > 0) {
    constexpr int R = Known::R, S = Known::S, stride = Known::stride;
    Vec weight[R * S];
    unrolled<R * S>([&](int i) BRASA_INLINE_LAMBDA { weight[i] = load(w + i * C, piece); });
    unrolled<(kRows - 1) * stride + R>([&](int i) BRASA_INLINE_LAMBDA {
      unrolled<(kColumns - 1) * stride + S>([&](int j) BRASA_INLINE_LAMBDA {
        const Vec x = load(pixel[i * t.width + j], piece);
        unrolled<kSums>([&](int k) BRASA_INLINE_LAMBDA {
          const int r = i - k / kColumns * stride, c = j - k % kColumns * stride;
          if (r >= 0 && r < R && c >= 0 && c < S) sum[k] = fma(x, weight[r * S + c], sum[k]);
        });
      });
    });
  } else {
    for (int64_t r = 0; r < win.R; ++r) {
      for (int64_t c = 0; c < win.S; ++c, w += C) {
        const Vec weight = load(w, piece);
        const float* const* at = pixel + r * win.dilation_h * t.width + c * win.dilation_w;
        unrolled<kSums>([&](int k) BRASA_INLINE_LAMBDA {
          const Vec x = load(at[k / kColumns * t.down + k % kColumns * t.along], piece);
          sum[k] = fma(x, weight, sum[k]);
        });
      }
    }
  }
}

// All sums of a band.
template <class Known>
void sum_band(const Band& band, const Conv2dShape& s, const float* w, const float* b) {
  const PixelTable& t = band.table;
  for (int64_t q = 0; q < band.columns; q += kColumns) {
    const float* const* pixel = band.pixel + q * t.along;
    float* const* out = band.out + q;
    each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum[kSums];
      const Vec bias = b == nullptr ? Vec::zero() : load(b, piece);
      unrolled<kSums>([&](int k) BRASA_INLINE_LAMBDA { sum[k] = bias; });
      sum_tile<Known>(t, s.window, pixel, w, s.C, piece, sum);
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

// y (+)= activation(b + windows of x), with the write of `s`.
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
        sum_band<decltype(known)>(band, s, w, b);
      }
    }
  });
}

// ---- data gradient ---------------------------------------------------------------------------------

bool has_unit_stride(const Conv2dShape& s) {
  return s.window.stride_h == 1 && s.window.stride_w == 1;
}

// The taps of one direction that meet a row or column of x: windows and their rows or columns.
struct Meetings {
  int64_t stride, dilation, extent, windows;

  // f(window, tap) for those that meet pixel i of the padded image.
  template <class F>
  BRASA_INLINE void each(int64_t i, F f) const {
    for (int64_t tap = 0; tap < extent; ++tap) {
      const int64_t at = i - tap * dilation, window = at / stride;
      if (at >= 0 && at == window * stride && window < windows) f(window, tap);
    }
  }
};

// A product of one pixel of dy with one tap.
struct Product {
  const float *dy, *w;
};

// dx[channels] (+)= the sum of the products.
void add_products(const Conv2dShape& s, const Product* product, int64_t count, float* dx) {
  each_strip(0, s.C, [&](auto strip) BRASA_INLINE_LAMBDA {
    constexpr int kVectors = decltype(strip)::vectors;
    Vec sum[kVectors];
    if (s.write == Write::kAdd) {
      strip.load(dx, sum);
    } else {
      unrolled<kVectors>([&](int v) BRASA_INLINE_LAMBDA { sum[v] = Vec::zero(); });
    }
    for (int64_t i = 0; i < count; ++i) {
      Vec dy[kVectors], w[kVectors];
      strip.load(product[i].dy, dy);
      strip.load(product[i].w, w);
      unrolled<kVectors>([&](int v) BRASA_INLINE_LAMBDA { sum[v] = fma(dy[v], w[v], sum[v]); });
    }
    strip.store(dx, sum);
  });
}

void gather_strided(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                    float* dx) {
  const Window2d& win = s.window;
  Product* products = reinterpret_cast<Product*>(exec.scratch) + exec.thread * win.R * win.S;
  const Meetings down = {win.stride_h, win.dilation_h, win.R, win.P};
  const Meetings along = {win.stride_w, win.dilation_w, win.S, win.Q};
  for (const Range mine : row_portions(exec, s.N * s.H, s.W * round_up(s.C, Vec::width))) {
    for (int64_t row = mine.begin; row < mine.end; ++row) {
      const int64_t n = row / s.H, h = row % s.H;
      for (int64_t i = 0; i < s.W; ++i) {
        int64_t count = 0;
        down.each(h + win.pad_top, [&](int64_t p, int64_t r) {
          along.each(i + win.pad_left, [&](int64_t q, int64_t c) {
            products[count++] = {dy + ((n * win.P + p) * win.Q + q) * s.C,
                                 w + (r * win.S + c) * s.C};
          });
        });
        add_products(s, products, count, dx + (row * s.W + i) * s.C);
      }
    }
  }
}

int64_t filter_bytes(const Conv2dShape& s) {
  return round_up(s.window.R * s.window.S * s.C * 4, 64);
}

}  // namespace

void depthwise_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                       const float* b, float* y) {
  Conv2dShape set = s;
  set.write = Write::kSet;
  sum_windows(exec, set, x, w, b, exec.scratch, y);
}

int64_t depthwise_forward_workspace(const Conv2dShape& s, int threads) {
  return threads * Band(s).bytes(s);
}

void depthwise_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy,
                             const float* w, float* dx) {
  if (!has_unit_stride(s)) return gather_strided(exec, s, dy, w, dx);
  float* filters = reinterpret_cast<float*>(exec.scratch);
  const int64_t taps = s.window.R * s.window.S;
  const Range mine = exec.share(taps);
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    copy_floats(s.C, w + (taps - 1 - i) * s.C, filters + i * s.C);
  }
  exec.barrier();
  sum_windows(exec, turned(s), dy, filters, nullptr, exec.scratch + filter_bytes(s), dx);
}

int64_t depthwise_backward_data_workspace(const Conv2dShape& s, int threads) {
  if (!has_unit_stride(s)) {
    return threads * s.window.R * s.window.S * static_cast<int64_t>(sizeof(Product));
  }
  const Conv2dShape t = turned(s);
  return filter_bytes(s) + threads * Band(t).bytes(t);
}

}  // namespace brasa::cpu::BRASA_ISA
