// The source of a convolution in bf16, with its padding: the rows of a tile are neighbouring pixels, read
// in place for every tap. Nothing is copied once for each tap, as patches are.
//
// Pixels lie at steps of `pixel` bytes, [channels / 32][part][32]; what is missing in the last 32 is 0.
// Where the windows advance by steps of more than 1, pixels are sorted by their row and column modulo
// these steps into planes: in its plane a tap of neighbouring outputs reads neighbouring pixels.
// A plane is `images` times `rows` times `columns` pixels. Output (n, p, q) is number f = (n * rows + p) *
// columns + q, and tap t of it reads pixel f + offset[t] of plane[t]. Numbers with p or q past the last
// output belong to none: they are computed, and thrown away. Padding after a row is that before the next,
// which costs a column less of them.
#pragma once

#include "cpu/tiles/finish.h"
#include "cpu/tiles/pack.h"
#include "cpu/tiles/product.h"

namespace brasa::cpu::BRASA_ISA {

constexpr int64_t kMostTaps = 128;  // their offsets lie on the stack

// Along rows or columns.
struct Axis {
  int64_t step, low;  // the first pixel read, before 0 in the padding
  int64_t reach;      // from the first tap's pixel to the last's, in pixels of a plane
  int64_t length;     // of a plane: a row, or an image

  Axis(int64_t origin, int64_t step_of_windows, int64_t tap, int64_t taps, int64_t outputs,
       int64_t source)
      : step(step_of_windows), low(origin), reach(0), length(outputs) {
    const int64_t far = (taps - 1) * tap;
    if (far < 0) low += far;
    reach = (far < 0 ? -far : far) / step;
    length += reach;
    const int64_t before = low < 0 ? -low : 0, after = length - before - source;
    if (step == 1 && after > 0) length -= smaller(before, after);
  }
};

// Units have at most so many bytes of pixels and at least so many outputs, where it can be; and there are
// at least so many of them.
struct UnitSize {
  int64_t most_bytes, outputs, least_units;
};

// How a convolution is cut: into units of some whole images, or of some rows of outputs of one.
struct Grid {
  int64_t taps, steps, pixel, planes;
  Axis down, across;
  int64_t images, band, bands;  // of a unit, and of an image
  int64_t units;

  Grid(const Product& p, int parts, const UnitSize& size)
      : taps(p.k / p.a.patches->channels),
        steps(tiles_up(p.a.patches->channels)),
        pixel(steps * parts * kRowBytes),
        planes(p.a.patches->step_h * p.a.patches->step_w),
        down(p.a.patches->origin_h, p.a.patches->step_h, p.a.patches->tap_h, taps / p.a.patches->S,
             p.a.patches->P, p.a.patches->H),
        across(p.a.patches->origin_w, p.a.patches->step_w, p.a.patches->tap_w, p.a.patches->S,
               p.a.patches->Q, p.a.patches->W),
        images(1),
        band(p.a.patches->P),
        bands(1),
        units(0) {
    const int64_t N = p.m / (p.a.patches->P * p.a.patches->Q);
    const int64_t image = down.length * across.length, bytes = image * planes * pixel;
    if (bytes > size.most_bytes || N < size.least_units) {
      const int64_t most = size.most_bytes / (across.length * planes * pixel) - down.reach;
      bands = most < 1 ? band : ceil_div(band, most);
      if (N * bands < size.least_units) bands = ceil_div(size.least_units, N);
      // Not so few rows that those around them weigh more.
      const int64_t least = 2 * down.reach + 2;
      if (ceil_div(band, bands) < least) bands = ceil_div(band, least);
      band = ceil_div(band, bands);
      bands = ceil_div(p.a.patches->P, band);
    } else if (image < size.outputs) {
      images = smaller(N, size.outputs / image);
    }
    units = ceil_div(N, images) * bands;
  }

  // Rows of an image in a plane: those around a band are its own.
  int64_t rows() const { return bands > 1 ? band + down.reach : down.length; }
  int64_t outputs() const { return ((images - 1) * rows() + band) * across.length; }
  // With those that the taps of the last block reach.
  int64_t plane_pixels() const {
    return tiles_up(outputs()) * 32 + down.reach * across.length + across.reach;
  }
  int64_t plane_marks() const { return tiles_up(plane_pixels()); }
  int64_t bytes() const {
    return (planes * (plane_pixels() * pixel + plane_marks()) + 63) / 64 * 64;
  }
};

// What output 0 reads for a tap.
struct Place {
  int64_t plane, pixel;
};
inline Place place_of_tap(const Product& p, const Grid& grid, int64_t tap) {
  const Patches& g = *p.a.patches;
  const int64_t h = g.origin_h + tap / g.S * g.tap_h - grid.down.low;
  const int64_t w = g.origin_w + tap % g.S * g.tap_w - grid.across.low;
  return {h % g.step_h * g.step_w + w % g.step_w, h / g.step_h * grid.across.length + w / g.step_w};
}

// Images [first, end), rows of outputs [row, last) of them.
struct Unit {
  int64_t first, end, row, last;

  Unit(const Grid& g, const Product& p, int64_t index) {
    const int64_t N = p.m / (p.a.patches->P * p.a.patches->Q);
    first = index / g.bands * g.images, end = smaller(N, first + g.images);
    row = index % g.bands * g.band, last = smaller(p.a.patches->P, row + g.band);
  }
};

// Fills the planes of a unit and, for three parts, marks 32 pixels of a plane where any number is unsafe
// (pack.h). Whether any is.
bool fill_planes(const Product& p, const Grid& grid, const Unit& unit, int parts, char* planes,
                 uint8_t* marks);

}  // namespace brasa::cpu::BRASA_ISA
