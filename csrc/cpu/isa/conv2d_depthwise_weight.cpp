// dw is summed row of dy by row of dy, in pieces of four pixels whose sums are then added to a copy of dw. The rows
// are cut into chunks by the shape alone, a copy for each.
#include "cpu/isa/columns.h"
#include "cpu/isa/conv2d_depthwise_windows.h"
#include "cpu/isa/conv2d_frame.h"
#include "cpu/isa/copies.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A chunk sums at least so many pixels, so that adding the copies up costs little.
constexpr int64_t kChunkPixels = 512, kMostChunks = 64;
constexpr int64_t kCopiesFloats = 1 << 19;  // of all copies together
constexpr int kPixels = 4;

struct Sums {
  PixelTable table;
  int64_t rows, dw_floats, chunks;

  BRASA_INLINE explicit Sums(const Conv2dShape& s)
      : table(s.window, 1, larger(1, s.window.Q)),
        rows(s.N * s.window.P),
        dw_floats(s.window.R * s.window.S * s.C) {
    chunks = smaller(kMostChunks, rows * s.window.Q / kChunkPixels);
    chunks = larger(1, smaller(smaller(chunks, rows), kCopiesFloats / larger(1, dw_floats)));
  }
  BRASA_INLINE int64_t copies_bytes() const { return round_up(chunks * dw_floats * 4, 64); }
  BRASA_INLINE int64_t zeros_offset() const { return round_up(table.entries() * 8, 64); }
  BRASA_INLINE int64_t thread_bytes(const Conv2dShape& s) const {
    return zeros_offset() + round_up(s.C * 4, 64);
  }
};

struct Next {
  NextRows x, dy;
};

// dw[r] += `Count` pixels of dy with those of x that they meet in row r of their windows.
template <int S, int stride, int Count>
BRASA_INLINE void add_filter_row(const float* const* pixel, const Vec (&slope)[Count], int64_t C,
                                 Piece piece, float* dw) {
  Vec sum[S];
  unrolled<S>([&](int c) BRASA_INLINE_LAMBDA { sum[c] = Vec::zero(); });
  unrolled<(Count - 1) * stride + S>([&](int j) BRASA_INLINE_LAMBDA {
    const Vec x = load(pixel[j], piece);
    unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA {
      const int c = j - k * stride;
      if (c >= 0 && c < S) sum[c] = fma(x, slope[k], sum[c]);
    });
  });
  unrolled<S>([&](int c) BRASA_INLINE_LAMBDA {
    store(load(dw + c * C, piece) + sum[c], dw + c * C, piece);
  });
}

// dw += `Count` pixels of dy with all that they meet.
template <class Known, int Count>
BRASA_INLINE void add_pixels(const PixelTable& t, const Conv2dShape& s, const float* const* pixel,
                             const float* dy, Next* next, float* dw) {
  const Window2d& win = s.window;
  each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
    next->x.fetch();
    next->dy.fetch();
    Vec slope[Count];
    unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA { slope[k] = load(dy + k * s.C, piece); });
    const auto add_row = [&](int64_t r) BRASA_INLINE_LAMBDA {
      const float* const* at = pixel + r * win.dilation_h * t.width;
      float* to = dw + r * win.S * s.C;
      if constexpr (Known::S > 0) {
        return add_filter_row<Known::S, Known::stride>(at, slope, s.C, piece, to);
      }
      for (int64_t c = 0; c < win.S; ++c, at += win.dilation_w, to += s.C) {
        Vec sum = Vec::zero();
        unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA {
          sum = fma(load(at[k * t.along], piece), slope[k], sum);
        });
        store(load(to, piece) + sum, to, piece);
      }
    };
    if constexpr (Known::R > 0) {
      unrolled<Known::R>(add_row);
    } else {
      for (int64_t r = 0; r < win.R; ++r) add_row(r);
    }
  });
}

// A row of dy; its last pixels one by one: what they do not meet may be NaN.
template <class Known>
void add_row(const PixelTable& t, const Conv2dShape& s, const float* const* pixel, const float* dy,
             Next next, float* dw) {
  int64_t q = 0;
  for (; q + kPixels <= s.window.Q; q += kPixels) {
    add_pixels<Known, kPixels>(t, s, pixel + q * t.along, dy + q * s.C, &next, dw);
  }
  for (; q < s.window.Q; ++q) {
    add_pixels<Known, 1>(t, s, pixel + q * t.along, dy + q * s.C, &next, dw);
  }
}

}  // namespace

void depthwise_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy,
                               const float* x, float* dw) {
  const Sums sums(s);
  const int64_t P = s.window.P, Q = s.window.Q;
  float* copies = reinterpret_cast<float*>(exec.scratch);
  char* mine = exec.scratch + sums.copies_bytes() + exec.thread * sums.thread_bytes(s);
  const float** pixel = reinterpret_cast<const float**>(mine);
  float* zeros = reinterpret_cast<float*>(mine + sums.zeros_offset());
  clear_floats(s.C, zeros);
  with_window(s.window, [&](auto known) {
    for (const Range chunks : exec.portions(sums.chunks)) {
      for (int64_t i = chunks.begin; i < chunks.end; ++i) {
        const Range rows = part_of(sums.rows, sums.chunks, i);
        float* sum = copies + i * sums.dw_floats;
        clear_floats(sums.dw_floats, sum);
        for (int64_t row = rows.begin; row < rows.end; ++row) {
          const int64_t n = row / P, p = row % P;
          fill_table(sums.table, s, n, p, x, zeros, pixel);
          Next next = {
              next_rows(s, sums.table, n, p, x, 1, Q / kPixels),
              {dy + (row + 1) * Q * s.C, Q * s.C, Q / kPixels * ceil_div(s.C, Vec::width)}};
          add_row<decltype(known)>(sums.table, s, pixel, dy + row * Q * s.C, next, sum);
        }
      }
    }
  });
  exec.barrier();
  add_copies(exec, sums.dw_floats, sums.chunks, s.write, copies, dw);
}

int64_t depthwise_backward_weight_workspace(const Conv2dShape& s, int threads) {
  const Sums sums(s);
  return sums.copies_bytes() + threads * sums.thread_bytes(s);
}

}  // namespace brasa::cpu::BRASA_ISA
