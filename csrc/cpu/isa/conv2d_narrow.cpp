// Bands of two rows of y, in tiles of some columns: a pixel that several windows of a tile meet is loaded once.
#include "cpu/isa/activate.h"
#include "cpu/isa/columns.h"
#include "cpu/isa/conv2d_narrow_pack.h"
#include "cpu/isa/conv2d_narrow_windows.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Eight sums at a time are as many as two units of four cycles need. With as many channels of a group as lanes the
// filters are most of what is read, and wide tiles use each more often: 512 channels of 14 x 14, in groups of 16, 1.3
// times as fast, if the row is not longer by it; groups of 4 channels were slower.
constexpr int kRows = 2, kColumns = 4, kWideColumns = 7;

BRASA_INLINE int tile_columns(const Conv2dShape& s) {
  const Window2d& win = s.window;
  const bool fits = round_up(win.Q, kWideColumns) <= round_up(win.Q, kColumns);
  return kManyRegisters && fits && group_width(s) == Vec::width && is_square_of_three(win, 1)
             ? kWideColumns
             : kColumns;
}

// One thread's buffers.
struct Band {
  PixelTable table;
  int64_t columns;  // of a row of y, in whole tiles
  const float** pixel;
  float** out;  // where the channels of each sum go
  float *zeros, *sink, *gathered;

  BRASA_INLINE explicit Band(const Conv2dShape& s)
      : table(s.window, kRows, round_up(larger(1, s.window.Q), tile_columns(s))),
        columns(round_up(larger(1, s.window.Q), tile_columns(s))) {}
  BRASA_INLINE int64_t table_bytes() const {
    return round_up((table.entries() + kRows * columns) * 8, 64);
  }
  BRASA_INLINE int64_t gathered_bytes(const Conv2dShape& s) const {
    return group_width(s) == 1 ? 0 : table.entries() * Vec::width * 4;
  }
  BRASA_INLINE int64_t bytes(const Conv2dShape& s) const {
    return round_up(table_bytes() + gathered_bytes(s), 64) + 2 * round_up(s.C * 4, 64);
  }
  BRASA_INLINE void place(const Conv2dShape& s, char* at) {
    pixel = reinterpret_cast<const float**>(at);
    out = reinterpret_cast<float**>(at + table.entries() * 8);
    gathered = reinterpret_cast<float*>(at + table_bytes());
    zeros = reinterpret_cast<float*>(at + round_up(table_bytes() + gathered_bytes(s), 64));
    sink = zeros + round_up(s.C, 16);
    clear_floats(2 * round_up(s.C, 16), zeros);
  }
};

// What the sums of a tile are made of.
struct Windows {
  const PixelTable& t;
  const Window2d& win;
  const float* w;
  int64_t tap;  // floats from a tap of the filters to the next one
  Piece piece;  // of the filters

  BRASA_INLINE Vec weight(int64_t i) const { return load(w + i * tap, piece); }
};

// Taps in row order for each of the sums. Size and stride are constants: all filters are in registers.
template <int R, int S, int stride, class Read, int Count>
BRASA_INLINE void sum_tile(KnownWindow<R, S, stride>, const Windows& of, Read read,
                           Vec (&sum)[Count]) {
  constexpr int kAcross = Count / kRows;
  Vec weight[R * S];
  unrolled<R * S>([&](int i) BRASA_INLINE_LAMBDA { weight[i] = of.weight(i); });
  unrolled<(kRows - 1) * stride + R>([&](int i) BRASA_INLINE_LAMBDA {
    unrolled<(kAcross - 1) * stride + S>([&](int j) BRASA_INLINE_LAMBDA {
      const Vec x = read(i * of.t.width + j);
      unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA {
        const int r = i - k / kAcross * stride, c = j - k % kAcross * stride;
        if (r >= 0 && r < R && c >= 0 && c < S) sum[k] = fma(x, weight[r * S + c], sum[k]);
      });
    });
  });
}

// Only the width is: row i of the table is row i of the upper windows, and row i - stride_h of the lower ones.
template <int S, int stride, class Read>
BRASA_INLINE void sum_tile(KnownWindow<0, S, stride>, const Windows& of, Read read,
                           Vec (&sum)[kRows * kColumns]) {
  constexpr int kWidth = (kColumns - 1) * stride + S;
  for (int64_t i = 0; i < of.t.height; ++i) {
    Vec x[kWidth];
    unrolled<kWidth>([&](int j) BRASA_INLINE_LAMBDA { x[j] = read(i * of.t.width + j); });
    unrolled<kRows>([&](int row) BRASA_INLINE_LAMBDA {
      const int64_t r = i - row * of.win.stride_h;
      if (r < 0 || r >= of.win.R) return;
      unrolled<S>([&](int c) BRASA_INLINE_LAMBDA {
        const Vec weight = of.weight(r * S + c);
        unrolled<kColumns>([&](int k) BRASA_INLINE_LAMBDA {
          Vec& own = sum[row * kColumns + k];
          own = fma(x[k * stride + c], weight, own);
        });
      });
    });
  }
}

template <class Read>
BRASA_INLINE void sum_tile(KnownWindow<0, 0, 0>, const Windows& of, Read read,
                           Vec (&sum)[kRows * kColumns]) {
  int64_t tap = 0;
  for (int64_t r = 0; r < of.win.R; ++r) {
    int64_t at = r * of.win.dilation_h * of.t.width;
    for (int64_t c = 0; c < of.win.S; ++c, ++tap, at += of.win.dilation_w) {
      const Vec weight = of.weight(tap);
      unrolled<kRows * kColumns>([&](int k) BRASA_INLINE_LAMBDA {
        const Vec x = read(at + k / kColumns * of.t.down + k % kColumns * of.t.along);
        sum[k] = fma(x, weight, sum[k]);
      });
    }
  }
}

// Not inlined: the code of all activations would follow that of each window.
__attribute__((noinline)) void activate_sums(Activation activation, int count, Vec* sum) {
  for (int i = 0; i < count; ++i) sum[i] = activate(activation, sum[i]);
}

template <int Count>
BRASA_INLINE void store_sums(const Conv2dShape& s, Vec (&sum)[Count], float* const* out,
                             int64_t columns, Piece piece) {
  if (s.activation.kind == ActivationKind::kRelu) {
    unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA { sum[k] = max(Vec::zero(), sum[k]); });
  } else if (s.activation.kind != ActivationKind::kNone) {
    Vec copy[Count];  // sum itself stays in registers
    unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA { copy[k] = sum[k]; });
    activate_sums(s.activation, Count, copy);
    unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA { sum[k] = copy[k]; });
  }
  unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA {
    float* to = out[k / (Count / kRows) * columns + k % (Count / kRows)];
    store(s.write == Write::kAdd ? sum[k] + load(to, piece) : sum[k], to, piece);
  });
}

// All sums of a band. Of groups, a vector's filters stay in the first cache from tile to tile: they may be many.
template <class Known, class Reader, int Columns>
void sum_band(const Band& band, const Conv2dShape& s, NextRows next, const float* w,
              const float* b) {
  const PixelTable& t = band.table;
  const PackedFilters filters(s);
  const auto sum_tile_at = [&](int64_t q, Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum[kRows * Columns];
    const Vec bias = b == nullptr ? Vec::zero() : load(b, piece);
    unrolled<kRows * Columns>([&](int k) BRASA_INLINE_LAMBDA { sum[k] = bias; });
    next.fetch();
    const Pixels pixels = Pixels{band.pixel, band.gathered, piece}.from(q * t.along);
    Reader::each(pixels, filters.width, [&](auto read, int64_t j) BRASA_INLINE_LAMBDA {
      Windows windows = {t, s.window, w, s.C, piece};
      if (!Reader::kDepthwise) {
        windows.w += filters.at(piece, j);
        windows.tap = Vec::width;
        windows.piece = {0, Vec::width};
      }
      sum_tile(Known(), windows, read, sum);
    });
    store_sums(s, sum, band.out + q, band.columns, piece);
  };
  if constexpr (Reader::kDepthwise) {
    for (int64_t q = 0; q < band.columns; q += Columns) {
      each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA { sum_tile_at(q, piece); });
    }
  } else {
    each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
      gather(band.pixel, t.entries(), piece, band.gathered);
      for (int64_t q = 0; q < band.columns; q += Columns) sum_tile_at(q, piece);
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
  const int columns = tile_columns(s);
  const int64_t bands = ceil_div(s.window.P, kRows);
  const int64_t terms =
      kRows * s.window.Q * round_up(s.C, Vec::width) * s.window.R * s.window.S * group_width(s);
  with_window(s, [&](auto known, auto reader) {
    for (const Range mine : row_portions(exec, s.N * bands, terms)) {
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const int64_t n = i / bands, p = i % bands * kRows;
        fill_table(band.table, s, n, p, x, band.zeros, band.pixel);
        place_results(band, s, n, p, y);
        const NextRows next = next_rows(s, band.table, n, p, x, kRows, band.columns / columns);
        using Known = decltype(known);
        using Reader = decltype(reader);
        if constexpr (kManyRegisters && Reader::kFills && Known::stride == 1) {
          if (columns == kWideColumns) {
            sum_band<Known, Reader, kWideColumns>(band, s, next, w, b);
            continue;
          }
        }
        sum_band<Known, Reader, kColumns>(band, s, next, w, b);
      }
    }
  });
}

int64_t sum_windows_workspace(const Conv2dShape& s, int threads) {
  return threads * Band(s).bytes(s);
}

void narrow_pack(const Exec& exec, const Conv2dShape& s, const float* w, float* packed) {
  pack_filters(exec, s, w, packed);
}
int64_t narrow_packed_floats(const Conv2dShape& s) { return PackedFilters(s).floats(); }

void narrow_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                    const float* b, float* y) {
  const PackedFilters filters(s);
  Conv2dShape set = s;
  set.write = Write::kSet;
  if (s.packed || filters.plain()) return sum_windows(exec, set, x, w, b, exec.scratch, y);
  float* packed = reinterpret_cast<float*>(exec.scratch);
  pack_filters(exec, s, w, packed);
  exec.barrier();
  sum_windows(exec, set, x, packed, b, exec.scratch + filters.bytes(), y);
}

int64_t narrow_forward_workspace(const Conv2dShape& s, int threads) {
  return PackedFilters(s).bytes() + sum_windows_workspace(s, threads);
}

}  // namespace brasa::cpu::BRASA_ISA
