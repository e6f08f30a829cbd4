#include "ref/image.h"
#include "ref/kernels.h"

namespace brasa::ref {
namespace {

// Calls visit(p, q, h, w) for every pixel of a sample's window: rows p' and columns q' from the first to
// the last, the order of the sums in dx. h or w is -1 where the pixel is filled with the constant.
template <class Visit>
void for_each_pixel(const CropFlipShape& s, const CropFlip& crop, const Visit& visit) {
  for (int64_t i = 0; i < s.P; ++i) {
    for (int64_t j = 0; j < s.Q; ++j) {
      visit(crop.vertical ? s.P - 1 - i : i, crop.horizontal ? s.Q - 1 - j : j,
            folded(s.fill, crop.top + i, s.H), folded(s.fill, crop.left + j, s.W));
    }
  }
}

}  // namespace

void crop_flip_forward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                       const float* x, float* y) {
  if (exec.thread != 0) return;
  const Image<const float> xs{x, s.H, s.W, s.C};
  const Image<float> ys{y, s.P, s.Q, s.C};
  for (int64_t n = 0; n < s.N; ++n) {
    const auto show = [&](int64_t p, int64_t q, int64_t h, int64_t w) {
      for (int64_t c = 0; c < s.C; ++c) {
        ys(n, p, q, c) = h < 0 || w < 0 ? s.fill_value : xs(n, h, w, c);
      }
    };
    for_each_pixel(s, drawn_crop(s, state, n), show);
  }
}

void crop_flip_backward(const Exec& exec, const CropFlipShape& s, const int64_t* state,
                        const float* dy, float* dx) {
  if (exec.thread != 0) return;
  const Image<const float> dys{dy, s.P, s.Q, s.C};
  const Image<float> dxs{dx, s.H, s.W, s.C};
  for (int64_t n = 0; n < s.N; ++n) {
    const CropFlip crop = drawn_crop(s, state, n);
    for (int64_t row = 0; row < s.H; ++row) {
      for (int64_t column = 0; column < s.W; ++column) {
        for (int64_t c = 0; c < s.C; ++c) {
          double sum = 0;
          for_each_pixel(s, crop, [&](int64_t p, int64_t q, int64_t h, int64_t w) {
            if (h == row && w == column) sum += dys(n, p, q, c);
          });
          dxs(n, row, column, c) = static_cast<float>(sum);
        }
      }
    }
  }
}

}  // namespace brasa::ref
