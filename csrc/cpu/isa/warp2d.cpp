#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Channels of an image whose gradient one thread adds up: pixels of an image fall onto each other, channels
// never do. Four lines of cache, so that where a pixel comes from is found once for many channels.
constexpr int64_t kChannels = 64;

// y = the weighted sum of the channels of each pixel. image: its first channel. With a number of channels that the
// compiler knows, a pixel is a few products, else a vector or several.
template <int64_t kKnown>
BRASA_INLINE void show(const Warp2dShape& s, const Warp2dPixels& from, const float* image,
                       float* y) {
  if (kKnown > 0) {
    for (int i = 0; i < 4; ++i) {
      if (!(from.weight[i] > 0)) continue;
      for (int64_t c = 0; c < kKnown; ++c) {
        const float value = from.at[i] < 0 ? s.fill_value : image[from.at[i] * kKnown + c];
        const float term = from.weight[i] * value;
        y[c] = i == 0 ? term : y[c] + term;
      }
    }
    return;
  }
  each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = Vec::zero();
    for (int i = 0; i < 4; ++i) {
      if (!(from.weight[i] > 0)) continue;
      const Vec value =
          from.at[i] < 0 ? Vec::all(s.fill_value) : load(image + from.at[i] * s.C, piece);
      const Vec weight = Vec::all(from.weight[i]);
      sum = i == 0 ? weight * value : fma(weight, value, sum);
    }
    store(sum, y, piece);
  });
}

// What a column of y shows in an image that stands upright: of all its rows the same.
struct Column {
  WarpAxis axis;
  int64_t first, second;  // floats from the start of a row of x
  bool inside;            // neither of them is filled
};

// y = the weighted sum of pixels of the rows x[0] and, if it is not null, x[1]: in the order of show().
template <int64_t kKnown>
BRASA_INLINE void show_inside(int64_t channels, const Column& column, const float* const (&x)[2],
                              float below, float* y) {
  const float behind = column.axis.behind, above = 1 - below, before = 1 - behind;
  const bool both = behind > 0;
  if (kKnown > 0) {
    for (int64_t c = 0; c < kKnown; ++c) {
      float sum = above * before * x[0][column.first + c];
      if (both) sum += above * behind * x[0][column.second + c];
      if (x[1] != nullptr) sum += below * before * x[1][column.first + c];
      if (x[1] != nullptr && both) sum += below * behind * x[1][column.second + c];
      y[c] = sum;
    }
    return;
  }
  each_piece(0, channels, [&](Piece piece) BRASA_INLINE_LAMBDA {
    const auto add = [&](float weight, const float* from, Vec sum) BRASA_INLINE_LAMBDA {
      return fma(Vec::all(weight), load(from, piece), sum);
    };
    Vec sum = Vec::all(above * before) * load(x[0] + column.first, piece);
    if (both) sum = add(above * behind, x[0] + column.second, sum);
    if (x[1] != nullptr) sum = add(below * before, x[1] + column.first, sum);
    if (x[1] != nullptr && both) sum = add(below * behind, x[1] + column.second, sum);
    store(sum, y, piece);
  });
}

// Some rows of y where the image stands upright. y: the first of them.
template <int64_t kKnown>
void show_upright(const Warp2dShape& s, const Warp2d& warp, Range rows, const float* image,
                  float* y) {
  constexpr int64_t kColumns = 256;  // whose places are found once for all rows
  Column columns[kColumns];
  for (int64_t at = 0; at < s.Q; at += kColumns) {
    const int64_t count = s.Q - at < kColumns ? s.Q - at : kColumns;
    for (int64_t i = 0; i < count; ++i) {
      const WarpAxis axis = warp_column(s, warp, 0, at + i);
      const int64_t first = folded(s.fill, axis.first, s.W);
      const int64_t second = folded(s.fill, axis.first + 1, s.W);
      columns[i] = {axis, first * s.C, second * s.C,
                    first >= 0 && (second >= 0 || axis.behind == 0)};
    }
    for (int64_t p = rows.begin; p < rows.end; ++p) {
      const WarpAxis row = warp_row(s, warp, p, 0);
      const int64_t above = folded(s.fill, row.first, s.H);
      const int64_t below = folded(s.fill, row.first + 1, s.H);
      const bool inside = above >= 0 && (below >= 0 || row.behind == 0);
      const float* const x[2] = {
          inside ? image + above * s.W * s.C : nullptr,
          inside && row.behind > 0 ? image + below * s.W * s.C : nullptr,
      };
      float* to = y + ((p - rows.begin) * s.Q + at) * s.C;
      for (int64_t i = 0; i < count; ++i, to += s.C) {
        if (inside && columns[i].inside) {
          show_inside<kKnown>(s.C, columns[i], x, row.behind, to);
        } else {
          show<kKnown>(s, warp_pixels(s, row, columns[i].axis), image, to);
        }
      }
    }
  }
}

// Some rows of y.
template <int64_t kKnown>
void show_rows(const Warp2dShape& s, const Warp2d& warp, Range rows, const float* image, float* y) {
  const bool upright = !(warp.b < 0 || warp.b > 0);
  if (upright) return show_upright<kKnown>(s, warp, rows, image, y);
  for (int64_t p = rows.begin; p < rows.end; ++p) {
    for (int64_t q = 0; q < s.Q; ++q, y += s.C) {
      show<kKnown>(s, warp_pixels(s, warp, p, q), image, y);
    }
  }
}

BRASA_INLINE void show_any_rows(const Warp2dShape& s, const Warp2d& warp, Range rows,
                                const float* image, float* y) {
  switch (s.C) {
    case 1: return show_rows<1>(s, warp, rows, image, y);
    case 3: return show_rows<3>(s, warp, rows, image, y);
    default: return show_rows<0>(s, warp, rows, image, y);
  }
}

// dx += weight * dy, for the channels of one block.
BRASA_INLINE void give_back(int64_t channels, float weight, const float* dy, float* dx) {
  each_piece(0, channels, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(fma(Vec::all(weight), load(dy, piece), load(dx, piece)), dx, piece);
  });
}

// The gradient of `channels` channels of one image. dy and dx: the first of them, in its first pixel.
void give_back_image(const Warp2dShape& s, const Warp2d& warp, int64_t channels, const float* dy,
                     float* dx) {
  for (int64_t pixel = 0; pixel < s.H * s.W; ++pixel) {
    memset(dx + pixel * s.C, 0, static_cast<size_t>(channels) * sizeof(float));
  }
  for (int64_t p = 0; p < s.P; ++p) {
    for (int64_t q = 0; q < s.Q; ++q, dy += s.C) {
      const Warp2dPixels from = warp_pixels(s, warp, p, q);
      for (int i = 0; i < 4; ++i) {
        if (from.at[i] >= 0 && from.weight[i] > 0)
          give_back(channels, from.weight[i], dy, dx + from.at[i] * s.C);
      }
    }
  }
}

}  // namespace

void warp2d_forward(const Exec& exec, const Warp2dShape& s, const int64_t* state, const float* x,
                    float* y) {
  if (s.C == 0) return;
  for (const Range mine : row_portions(exec, s.N * s.P, s.Q * s.C)) {
    each_row_part(mine, s.P, [&](int64_t n, int64_t first, int64_t count) {
      const Warp2d warp = drawn_warp(s, state, n);
      show_any_rows(s, warp, {first, first + count}, x + n * s.H * s.W * s.C,
                    y + (n * s.P + first) * s.Q * s.C);
    });
  }
}

void warp2d_backward(const Exec& exec, const Warp2dShape& s, const int64_t* state, const float* dy,
                     float* dx) {
  const int64_t blocks = (s.C + kChannels - 1) / kChannels;
  if (blocks == 0) return;
  for (const Range mine : exec.portions(s.N * blocks, 1)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      const int64_t n = i / blocks, c = i % blocks * kChannels;
      const int64_t channels = s.C - c < kChannels ? s.C - c : kChannels;
      give_back_image(s, drawn_warp(s, state, n), channels, dy + n * s.P * s.Q * s.C + c,
                      dx + n * s.H * s.W * s.C + c);
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
