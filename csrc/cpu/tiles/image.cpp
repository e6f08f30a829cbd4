#include "cpu/tiles/image.h"

#include "cpu/tiles/split.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// One pixel's channels; whether any number is unsafe.
template <int Parts>
BRASA_INLINE Mask fill_pixel(const float* from, int64_t channels, char* to) {
  Mask found = Mask::first(0);
  for (int64_t c = 0; c < channels; c += 32) {
    Vec first = load_up_to(from, c, channels), second = load_up_to(from, c + 16, channels);
    if (Parts == 3) found = found | unsafe_in(first) | unsafe_in(second);
    for (int part = 0; part < Parts; ++part, to += kRowBytes) {
      const Bf16 one = next_part(&first), two = next_part(&second);
      store(one, two, to);
    }
  }
  return found;
}

BRASA_INLINE void clear(char* to, int64_t bytes) { memset(to, 0, static_cast<size_t>(bytes)); }

// Row `h` of image n, every across.step-th pixel from column `low` on.
template <int Parts>
bool fill_row(const Product& p, const Grid& grid, int64_t n, int64_t h, int64_t low, int64_t at,
              char* plane, uint8_t* marks) {
  const Patches& g = *p.a.patches;
  const int64_t count = grid.across.length, step = grid.across.step, pixel = grid.pixel;
  char* to = plane + at * pixel;
  if (h < 0 || h >= g.H) {
    clear(to, count * pixel);
    return false;
  }
  // Pixels [begin, end) of the row lie in the image.
  const int64_t begin = low < 0 ? smaller(count, ceil_div(-low, step)) : 0;
  int64_t end = low < g.W ? smaller(count, ceil_div(g.W - low, step)) : begin;
  if (end < begin) end = begin;
  clear(to, begin * pixel);
  clear(to + end * pixel, (count - end) * pixel);
  const float* row = p.a.data + n * g.image_step + h * g.row_step;
  bool any_found = false;
  for (int64_t i = begin; i < end; ++i) {
    const float* from = row + (low + i * step) * g.column_step;
    const Mask found = fill_pixel<Parts>(from, g.channels, to + i * pixel);
    if (Parts == 3 && any(found)) any_found = true, marks[(at + i) / 32] = 1;
  }
  return any_found;
}

template <int Parts>
bool fill_parts(const Product& p, const Grid& grid, const Unit& unit, char* planes,
                uint8_t* marks) {
  const int64_t rows = grid.rows(), pixels = grid.plane_pixels(), columns = grid.across.length;
  bool found = false;
  if (Parts == 3) memset(marks, 0, static_cast<size_t>(grid.planes * grid.plane_marks()));
  for (int64_t plane = 0; plane < grid.planes; ++plane) {
    const int64_t h0 = grid.down.low + unit.row * grid.down.step + plane / grid.across.step;
    const int64_t low = grid.across.low + plane % grid.across.step;
    int64_t at = 0;
    for (int64_t n = unit.first; n < unit.end; ++n) {
      for (int64_t i = 0; i < rows; ++i, at += columns) {
        found |= fill_row<Parts>(p, grid, n, h0 + i * grid.down.step, low, at, planes, marks);
      }
    }
    // What only numbers without an output read.
    clear(planes + at * grid.pixel, (pixels - at) * grid.pixel);
    planes += pixels * grid.pixel;
    marks += grid.plane_marks();
  }
  return found;
}

}  // namespace

bool fill_planes(const Product& p, const Grid& grid, const Unit& unit, int parts, char* planes,
                 uint8_t* marks) {
  return parts == 3 ? fill_parts<3>(p, grid, unit, planes, marks)
                    : fill_parts<1>(p, grid, unit, planes, marks);
}

}  // namespace brasa::cpu::BRASA_ISA
