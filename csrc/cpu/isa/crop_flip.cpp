#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// One row of a window: whose entries [begin, end) stand in the row of the image, `left` further on.
struct Line {
  int64_t left, begin, end;
  bool mirrored;
};

BRASA_INLINE Line line_of(const CropFlipShape& s, const CropFlip& crop) {
  const int64_t begin = crop.left < 0 ? -crop.left : 0, end = s.W - crop.left;
  const int64_t first = begin < s.Q ? begin : s.Q, last = end < s.Q ? end : s.Q;
  return {crop.left, first, last > first ? last : first, crop.horizontal};
}

// f(column of the sample, column of the image or -1) for the entries [from, to) of a line.
template <class F>
BRASA_INLINE void each_pixel(const CropFlipShape& s, const Line& line, int64_t from, int64_t to,
                             F f) {
  for (int64_t j = from; j < to; ++j) {
    f(line.mirrored ? s.Q - 1 - j : j, folded(s.fill, line.left + j, s.W));
  }
}

// Pixels in the opposite order. With a number of channels that the compiler knows, a pixel is a move or two.
template <int64_t kChannels>
void mirror(int64_t pixels, int64_t channels, const float* BRASA_RESTRICT x,
            float* BRASA_RESTRICT y) {
  const int64_t C = kChannels > 0 ? kChannels : channels;
  for (int64_t i = 0; i < pixels; ++i) {
    memcpy(y + (pixels - 1 - i) * C, x + i * C, static_cast<size_t>(C) * sizeof(float));
  }
}

BRASA_INLINE void mirror_any(int64_t pixels, int64_t C, const float* x, float* y) {
  switch (C) {
    case 1: return mirror<1>(pixels, C, x, y);
    case 3: return mirror<3>(pixels, C, x, y);
    case 4: return mirror<4>(pixels, C, x, y);
    default: return mirror<0>(pixels, C, x, y);
  }
}

BRASA_INLINE void fill(int64_t count, float value, float* y) {
  for (int64_t i = 0; i < count; ++i) y[i] = value;
}

// x is the row of the image, y that of the sample.
void show_line(const CropFlipShape& s, const Line& line, const float* x, float* y) {
  const int64_t C = s.C, inside = line.end - line.begin;
  const auto edge = [&](int64_t q, int64_t w) BRASA_INLINE_LAMBDA {
    if (w < 0) return fill(C, s.fill_value, y + q * C);
    memcpy(y + q * C, x + w * C, static_cast<size_t>(C) * sizeof(float));
  };
  each_pixel(s, line, 0, line.begin, edge);
  each_pixel(s, line, line.end, s.Q, edge);
  if (inside == 0) return;
  const float* from = x + (line.left + line.begin) * C;
  if (line.mirrored) {
    mirror_any(inside, C, from, y + (s.Q - line.end) * C);
  } else {
    memcpy(y + line.begin * C, from, static_cast<size_t>(inside * C) * sizeof(float));
  }
}

BRASA_INLINE void add_to(int64_t count, const float* dy, float* dx) {
  each_piece(0, count, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(load(dx, piece) + load(dy, piece), dx, piece);
  });
}

// dx is the row of the image, dy that of the sample.
void return_line(const CropFlipShape& s, const Line& line, const float* dy, float* dx) {
  const int64_t C = s.C;
  const auto pixel = [&](int64_t q, int64_t w) BRASA_INLINE_LAMBDA {
    if (w >= 0) add_to(C, dy + q * C, dx + w * C);
  };
  each_pixel(s, line, 0, line.begin, pixel);
  if (line.mirrored) {
    each_pixel(s, line, line.begin, line.end, pixel);
  } else {
    add_to((line.end - line.begin) * C, dy + line.begin * C, dx + (line.left + line.begin) * C);
  }
  each_pixel(s, line, line.end, s.Q, pixel);
}

// f(image, row in it, its window) for the rows that this thread takes, of `rows` in each image.
template <class F>
BRASA_INLINE void each_row(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                           int64_t rows, int64_t floats, F f) {
  if (rows * floats == 0) return;
  for (const Range mine : row_portions(exec, s.N * rows, floats)) {
    each_row_part(mine, rows, [&](int64_t n, int64_t first, int64_t count) {
      const CropFlip crop = drawn_crop(s, state, n);
      const Line line = line_of(s, crop);
      for (int64_t i = first; i < first + count; ++i) f(n, i, crop, line);
    });
  }
}

}  // namespace

void crop_flip_forward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                       const float* x, float* y) {
  const int64_t floats = s.Q * s.C;
  each_row(exec, s, state, s.P, floats,
           [&](int64_t n, int64_t p, const CropFlip& crop, const Line& line) {
             const int64_t i = crop.vertical ? s.P - 1 - p : p;
             const int64_t h = folded(s.fill, crop.top + i, s.H);
             float* to = y + (n * s.P + p) * floats;
             if (h < 0) return fill(floats, s.fill_value, to);
             show_line(s, line, x + (n * s.H + h) * s.W * s.C, to);
           });
}

void crop_flip_backward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                        const float* dy, float* dx) {
  const int64_t floats = s.W * s.C;
  each_row(exec, s, state, s.H, floats,
           [&](int64_t n, int64_t h, const CropFlip& crop, const Line& line) {
             float* to = dx + (n * s.H + h) * floats;
             memset(to, 0, static_cast<size_t>(floats) * sizeof(float));
             const Range rows = shows(s.fill, h, crop.top, s.P);
             for (int64_t i = rows.begin; i < rows.end; ++i) {
               if (folded(s.fill, crop.top + i, s.H) != h) continue;
               const int64_t p = crop.vertical ? s.P - 1 - i : i;
               return_line(s, line, dy + (n * s.P + p) * s.Q * s.C, to);
             }
           });
}

}  // namespace brasa::cpu::BRASA_ISA
