#include "cpu/tiles/taps.h"

#include "cpu/tiles/taps_weights.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The pixels of a unit stay in the second-level cache while panel after panel of weights passes by, each
// for enough outputs that it may come from farther off.
constexpr UnitSize kUnit = {640 << 10, 512, 8};

// Where the taps read: in bytes from a pixel's own place.
struct Taps {
  int64_t count, offset[kMostTaps];

  Taps(const Product& p, const Grid& grid) : count(grid.taps) {
    for (int64_t i = 0; i < count; ++i) {
      const Place at = place_of_tap(p, grid, i);
      offset[i] = (at.plane * grid.plane_pixels() + at.pixel) * grid.pixel;
    }
  }
};

// The steps of 32 neighbouring outputs, from `a` on: tap by tap, with one part.
class Pixels {
 public:
  BRASA_INLINE Pixels(const Taps& taps, const Grid& grid, const char* a, const char* b)
      : taps_(taps), grid_(grid), a_(a), b_(b) {}

  BRASA_INLINE Square next() {
    const Square now = {a_ + taps_.offset[tap_] + step_ * kRowBytes, grid_.pixel, b_,
                        b_ + kTileBytes};
    b_ += 2 * kTileBytes;
    if (++step_ == grid_.steps) step_ = 0, ++tap_;
    return now;
  }

 private:
  const Taps& taps_;
  const Grid& grid_;
  const char *a_, *b_;
  int64_t tap_ = 0, step_ = 0;
};

// The sums of 32 neighbouring outputs, from `a` on.
template <int Parts>
BRASA_INLINE void multiply_pixels(Tiles& tiles, const Taps& taps, const Grid& grid, const char* a,
                                  const char* b, Ahead ahead, Sums* sums) {
  if (Parts == 1) {
    return multiply_steps(tiles, taps.count * grid.steps, Pixels(taps, grid, a, b), ahead, false,
                          sums);
  }
  constexpr int kHigh = 0, kMiddle = 1, kLow = 2;
  const int64_t pixel = grid.pixel;
  const auto load_pixels = [&](const char* from, int part) BRASA_INLINE_LAMBDA {
    tiles.load<4>(from + part * kRowBytes, pixel);
    tiles.load<5>(from + part * kRowBytes + 16 * pixel, pixel);
  };
  start(tiles, false, *sums);
  for (int64_t tap = 0; tap < taps.count; ++tap) {
    const char* from = a + taps.offset[tap];
    for (int64_t i = 0; i < grid.steps; ++i, from += Parts * kRowBytes, b += Parts * 2048) {
      ahead.fetch_some();
      load_pixels(from, kLow), load_b(tiles, b), tiles.dot_square<0, 4, 6>();
      load_pixels(from, kMiddle), tiles.dot_square<0, 4, 6>();
      load_b(tiles, b + 2048), tiles.dot_square<0, 4, 6>();
      load_pixels(from, kHigh), tiles.dot_square<0, 4, 6>();
      load_b(tiles, b + 4096), tiles.dot_square<0, 4, 6>();
      load_b(tiles, b), tiles.dot_square<0, 4, 6>();
    }
  }
  keep_sums(tiles, sums);
}

// Of 32 numbers in a plane: the outputs that they are, and where these lie in c; -1 for none.
struct Outputs {
  int64_t index[32], offset[32];
};

// Numbers one after the other.
class Numbers {
 public:
  Numbers(const Product& p, const Grid& grid, const Unit& unit, int64_t first)
      : p_(p), rows_(grid.rows()), columns_(grid.across.length), unit_(unit) {
    q_ = first % columns_;
    row_ = first / columns_ % rows_;
    n_ = unit.first + first / columns_ / rows_;
  }
  void next(Outputs* to) {
    const Patches& g = *p_.a.patches;
    for (int i = 0; i < 32; ++i) {
      const bool is = n_ < unit_.end && row_ < unit_.last - unit_.row && q_ < g.Q;
      const int64_t h = unit_.row + row_;
      to->index[i] = is ? (n_ * g.P + h) * g.Q + q_ : -1;
      to->offset[i] = is ? n_ * p_.c.image_step + h * p_.c.row_step + q_ * p_.c.column_step : -1;
      if (++q_ < columns_) continue;
      q_ = 0;
      if (++row_ == rows_) row_ = 0, ++n_;
    }
  }

 private:
  const Product& p_;
  int64_t rows_, columns_, q_, row_, n_;
  const Unit& unit_;
};

// One thread's view of a product.
template <int Parts>
class Worker {
 public:
  Worker(Tiles& tiles, const Product& p, const Grid& grid, const Layout& layout, const char* b,
         const uint8_t* b_marks, char* planes)
      : tiles_(tiles),
        p_(p),
        grid_(grid),
        layout_(layout),
        taps_(p, grid),
        b_(b),
        b_marks_(b_marks),
        planes_(planes),
        marks_(reinterpret_cast<uint8_t*>(planes) +
               grid.planes * grid.plane_pixels() * grid.pixel) {}

  // The outputs of a unit, in panels [panels.begin, panels.end) of columns.
  void multiply(const Unit& unit, Range panels) {
    constexpr int64_t kSome = 16;  // blocks
    const bool marked = fill_planes(p_, grid_, unit, Parts, planes_, marks_);
    const int64_t blocks = tiles_up(grid_.outputs());
    Numbers numbers(p_, grid_, unit, 0);
    Outputs outputs[kSome];
    for (int64_t begin = 0; begin < blocks; begin += kSome) {
      const Range some = {begin, smaller(blocks, begin + kSome)};
      for (int64_t i = some.begin; i < some.end; ++i) numbers.next(outputs + i - begin);
      for (int64_t j = panels.begin; j < panels.end; ++j) multiply_some(some, outputs, j, marked);
    }
  }

 private:
  void multiply_some(Range some, const Outputs* outputs, int64_t panel, bool marked) {
    const Range columns = {panel * 32, smaller(p_.n, panel * 32 + 32)};
    const Finish finish = {p_.add, !p_.add, p_.bias != nullptr ? p_.bias + columns.begin : nullptr,
                           p_.activation};
    const char* b = b_ + panel * layout_.panel;
    const bool plain_b = Parts == 3 && marked_column(panel);
    // Each block fetches its part of the next panel.
    Ahead ahead = {b + layout_.panel, 0};
    if (panel + 1 < layout_.panels)
      ahead.each = ceil_div(Parts * 2048 / kRowBytes, some.end - some.begin) * kRowBytes;
    Sums sums;
    for (int64_t i = some.begin; i < some.end; ++i, ++outputs) {
      if (Parts == 3 && (plain_b || (marked && marked_block(i)))) {
        multiply_plainly<Parts>({p_.a, {0, 32}, outputs->index}, {p_.b, columns}, {0, p_.k}, false,
                                &sums);
      } else {
        multiply_pixels<Parts>(tiles_, taps_, grid_, planes_ + i * 32 * grid_.pixel, b, ahead,
                               &sums);
        ahead.at += ahead.each * grid_.taps * grid_.steps;
      }
      finish_block(finish, sums, 32, columns.end - columns.begin, outputs->offset,
                   p_.c.data + columns.begin);
    }
  }

  bool marked_column(int64_t panel) const {
    const int64_t count = grid_.taps * Layout::blocks_of_channels(p_);
    for (int64_t i = 0; i < count; ++i) {
      if (b_marks_[i * layout_.panels + panel] != 0) return true;
    }
    return false;
  }
  bool marked_block(int64_t block) const {
    for (int64_t tap = 0; tap < taps_.count; ++tap) {
      const int64_t pixel = taps_.offset[tap] / grid_.pixel, plane = pixel / grid_.plane_pixels();
      const int64_t first = block * 32 + pixel % grid_.plane_pixels();
      const uint8_t* of_plane = marks_ + plane * grid_.plane_marks();
      if (of_plane[first / 32] != 0 || of_plane[(first + 31) / 32] != 0) return true;
    }
    return false;
  }

  Tiles& tiles_;
  const Product& p_;
  const Grid& grid_;
  const Layout& layout_;
  Taps taps_;
  const char* b_;
  const uint8_t* b_marks_;
  char* planes_;
  uint8_t* marks_;
};

template <int Parts>
void multiply_parts(const Exec& exec, const Product& p, int64_t* turn) {
  const Grid grid(p, Parts, kUnit);
  const Layout layout(p, grid, Parts);
  // The product before may have had another layout.
  if ((*turn)++ > 0) exec.barrier();
  char* b = exec.scratch;
  uint8_t* b_marks = reinterpret_cast<uint8_t*>(b) + layout.panels * layout.panel;
  pack_taps(exec, p, grid, layout, Parts, b, b_marks);
  exec.barrier();

  Tiles tiles;
  Worker<Parts> worker(tiles, p, grid, layout, b, b_marks,
                       exec.scratch + layout.packed + exec.thread * layout.unit);
  // Columns are shared out only where there are few units: each share converts the unit again.
  int64_t shares = 1;
  while (grid.units * shares < 2 * exec.threads && shares < layout.panels) ++shares;
  for (const Range mine : exec.portions(grid.units * shares)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      const int64_t share = i % shares;
      worker.multiply(Unit(grid, p, i / shares),
                      {layout.panels * share / shares, layout.panels * (share + 1) / shares});
    }
  }
}

}  // namespace

bool worth_taps(const Product& p, Precision precision) {
  if (p.a.patches == nullptr || !p.a.along || p.m == 0 || p.n == 0 || p.k == 0) return false;
  const Patches& g = *p.a.patches;
  const Grid grid(p, 1, kUnit);
  // With one tap there is nothing to gain, and what the channels and the rows are filled up with is lost. (From two
  // on, not three: the data gradient of 64 -> 128 channels with stride 2, whose phases have 1, 2, 2 and 4 taps,
  // in bf16 on one core of Sapphire Rapids: 18.0 -> 13.9 ms.)
  if (grid.taps < 2 || grid.taps > kMostTaps || g.channels * 4 < grid.steps * 32 * 3) return false;
  // Numbers without an output cost products. With one part packing costs as much as a third of these; with
  // three it is small against them: 512 channels of 7 x 7, 29 % more numbers than outputs, gained nothing.
  const int64_t outputs = grid.images * grid.band * g.Q;
  return precision == Precision::kBf16x3 ? grid.outputs() * 5 <= outputs * 6
                                         : grid.outputs() * 3 <= outputs * 4;
}

int64_t taps_workspace(const Product& p, Precision precision, int threads) {
  const int parts = parts_of(precision);
  const Grid grid(p, parts, kUnit);
  return Layout(p, grid, parts).bytes(threads);
}

void multiply_taps(const Exec& exec, const Product& p, Precision precision, int64_t* turn) {
  if (precision == Precision::kBf16x3) {
    multiply_parts<3>(exec, p, turn);
  } else {
    multiply_parts<1>(exec, p, turn);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
