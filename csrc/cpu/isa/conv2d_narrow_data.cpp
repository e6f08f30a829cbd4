// dx as windows of dy with the filters turned round, at unit stride; else each pixel of dx gathers its few products.
#include "cpu/isa/conv2d_narrow_pack.h"
#include "cpu/isa/conv2d_narrow_windows.h"
#include "cpu/isa/conv2d_turned.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

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

// The products that a pixel of dx is the sum of: pixels of dy, each with a tap.
struct Products {
  int64_t count;
  const float **dy, **w;
  float* gathered;

  BRASA_INLINE static int64_t bytes(const Conv2dShape& s) {
    return round_up(s.window.R * s.window.S * (16 + Vec::width * 4), 64);
  }
  BRASA_INLINE Products(const Conv2dShape& s, char* at) : count(0) {
    const int64_t taps = s.window.R * s.window.S;
    gathered = reinterpret_cast<float*>(at);
    dy = reinterpret_cast<const float**>(gathered + taps * Vec::width);
    w = dy + taps;
  }
};

// dx[channels] (+)= the sum of the products.
template <class Reader>
void add_products(const Conv2dShape& s, const Products& products, float* dx) {
  const PackedFilters filters(s);
  each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = s.write == Write::kAdd ? load(dx, piece) : Vec::zero();
    if (!Reader::kDepthwise) gather(products.dy, products.count, piece, products.gathered);
    const Pixels pixels = {products.dy, products.gathered, piece};
    Reader::each(pixels, filters.width, [&](auto read, int64_t k) BRASA_INLINE_LAMBDA {
      const int64_t at = filters.plain() ? 0 : filters.at(piece, k);
      const Piece own = filters.plain() ? piece : Piece{0, Vec::width};
      for (int64_t i = 0; i < products.count; ++i) {
        sum = fma(read(i), load(products.w[i] + at, own), sum);
      }
    });
    store(sum, dx, piece);
  });
}

template <class Reader>
void gather_strided(const Exec& exec, const Conv2dShape& s, const float* dy, const float* turned_w,
                    char* scratch, float* dx) {
  const Window2d& win = s.window;
  Products products(s, scratch + exec.thread * Products::bytes(s));
  const PackedFilters filters(s);
  const int64_t tap_floats = filters.plain() ? s.C : Vec::width;
  const Meetings down = {win.stride_h, win.dilation_h, win.R, win.P};
  const Meetings along = {win.stride_w, win.dilation_w, win.S, win.Q};
  const int64_t terms = s.W * round_up(s.C, Vec::width) * filters.width;
  for (const Range mine : row_portions(exec, s.N * s.H, terms)) {
    for (int64_t row = mine.begin; row < mine.end; ++row) {
      const int64_t n = row / s.H, h = row % s.H;
      for (int64_t i = 0; i < s.W; ++i) {
        products.count = 0;
        down.each(h + win.pad_top, [&](int64_t p, int64_t r) {
          along.each(i + win.pad_left, [&](int64_t q, int64_t c) {
            const int64_t at = products.count++, tap = r * win.S + c;
            products.dy[at] = dy + ((n * win.P + p) * win.Q + q) * s.C;
            products.w[at] = turned_w + (filters.taps - 1 - tap) * tap_floats;
          });
        });
        add_products<Reader>(s, products, dx + (row * s.W + i) * s.C);
      }
    }
  }
}

}  // namespace

void narrow_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                          float* dx) {
  float* filters = reinterpret_cast<float*>(exec.scratch);
  char* scratch = exec.scratch + PackedFilters(s).bytes();
  pack_turned_filters(exec, s, w, filters);
  exec.barrier();
  if (has_unit_stride(s)) return sum_windows(exec, turned(s), dy, filters, nullptr, scratch, dx);
  with_window(s, [&](auto, auto reader) {
    gather_strided<decltype(reader)>(exec, s, dy, filters, scratch, dx);
  });
}

int64_t narrow_backward_data_workspace(const Conv2dShape& s, int threads) {
  const int64_t own =
      has_unit_stride(s) ? sum_windows_workspace(turned(s), threads) : threads * Products::bytes(s);
  return PackedFilters(s).bytes() + own;
}

}  // namespace brasa::cpu::BRASA_ISA
