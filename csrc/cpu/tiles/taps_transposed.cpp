// The sum goes over pixels, and both operands are converted once. Tiles of a have a row for each channel and
// 32 neighbouring pixels in it. Those of dy have a row for each pair of outputs, in the same order, zeros
// where a number is none: a tap moves dy and not x against the other, by whole rows. For taps at an odd
// distance there are other pairs. (x moved by single pixels: most of its rows lie in two cache lines, and
// the whole takes a fifth longer.)
#include "cpu/tiles/taps_operands.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A unit is read once for 9 taps and all panels of dy: its sums go to dw once. 1024 to 4096 outputs are
// equally fast (Sapphire Rapids).
constexpr UnitSize kUnit = {4 << 20, 2048, 1};
// Steps of both operands that are read again for every tap of a group before the next. 8 to 32 are equally
// fast.
constexpr int64_t kSteps = 16, kGroup = 9;

template <int Parts>
class Team {
 public:
  Team(const Exec& exec, const Product& p, const float* dy, bool add, float* dw)
      : exec_(exec),
        p_(p),
        grid_(p, Parts, kUnit),
        layout_(p, grid_, Parts),
        dy_(dy),
        add_(add),
        dw_(dw) {}

  void multiply() {
    for (int64_t i = 0; i < grid_.units; ++i) {
      // Two buffers, used in turn, need one barrier for each unit.
      char* buffer = exec_.scratch + i % 2 * layout_.bytes;
      uint8_t* marks = reinterpret_cast<uint8_t*>(buffer) + layout_.a + layout_.b;
      const Unit unit(grid_, p_, i);
      fill(unit, buffer, marks);
      exec_.barrier();
      add_unit(unit, buffer, marks, i == 0 && !add_);
    }
  }

 private:
  // A thread fills all of some 32 channels, or filters: their mark is its own. Who is done takes more of them:
  // dy is converted twice, x with strides in several planes.
  void fill(const Unit& unit, char* buffer, uint8_t* marks) const {
    for (const Range mine : exec_.portions(layout_.panels_a + layout_.panels_b)) {
      for (int64_t i = mine.begin; i < mine.end; ++i) marks[i] = 0;
      const Range of_a = {mine.begin, smaller(mine.end, layout_.panels_a)};
      const Range of_b = {mine.begin > layout_.panels_a ? mine.begin - layout_.panels_a : 0,
                          mine.end - layout_.panels_a};
      if (of_a.begin < of_a.end) fill_source(unit, of_a, buffer, marks);
      if (of_b.begin < of_b.end)
        fill_outputs(unit, of_b, buffer + layout_.a, marks + layout_.panels_a);
    }
  }
  void fill_source(const Unit& unit, Range panels, char* to, uint8_t* marks) const {
    for (int64_t plane = 0; plane < grid_.planes; ++plane, to += layout_.plane) {
      Pointers ahead = pixels_of(p_, grid_, unit, plane, 0);
      for (int64_t at = 0; at < layout_.blocks; ++at) {
        const Pointers from = ahead;
        ahead = pixels_of(p_, grid_, unit, plane, at * 32 + 32);
        fill_a(from, ahead, panels, to + at * Parts * 2048, marks);
      }
    }
  }
  void fill_outputs(const Unit& unit, Range panels, char* to, uint8_t* marks) const {
    for (int64_t i = panels.begin * 4 * Parts; i < panels.end * 4 * Parts; ++i)
      memset(to + i * layout_.column, 0, static_cast<size_t>(layout_.pad * kRowBytes));
    Pointers even = outputs_of(p_, grid_, unit, dy_, 0);
    for (int64_t at = 0; at < layout_.blocks; ++at) {
      const Pointers odd = outputs_of(p_, grid_, unit, dy_, at * 32 - 1);
      const Pointers ahead = outputs_of(p_, grid_, unit, dy_, at * 32 + 32);
      char* pairs = to + (layout_.pad + at * 16) * kRowBytes;
      fill_b(even, ahead, panels, pairs, marks);
      fill_b(odd, even, panels, pairs + Parts * 2 * layout_.column, marks);
      even = ahead;
    }
  }
  void fill_a(const Pointers& from, const Pointers& ahead, Range panels, char* to,
              uint8_t* marks) const {
    for (int64_t c = panels.begin * 32; c < panels.end * 32; c += 16) {
      Vec tile[Parts][16];
      if (any(split_pairs<Parts>(from, ahead, c, p_.a.patches->channels, tile))) marks[c / 32] = 1;
      char* rows = to + c / 32 * layout_.panel_a + c % 32 * kRowBytes;
      for (int part = 0; part < Parts; ++part) {
        transpose(tile[part]);
        store_tile(tile[part], rows + part * 2048);
      }
    }
  }
  void fill_b(const Pointers& from, const Pointers& ahead, Range panels, char* to,
              uint8_t* marks) const {
    for (int64_t k = panels.begin * 32; k < panels.end * 32; k += 16) {
      Vec tile[Parts][16];
      if (any(split_pairs<Parts>(from, ahead, k, p_.n, tile))) marks[k / 32] = 1;
      char* pairs = to + k / 32 * layout_.panel_b + k % 32 / 16 * layout_.column;
      for (int part = 0; part < Parts; ++part)
        store_tile(tile[part], pairs + part * 2 * layout_.column);
    }
  }
  BRASA_INLINE static void store_tile(const Vec (&tile)[16], char* to) {
    for (int i = 0; i < 16; ++i) tile[i].store(reinterpret_cast<float*>(to + i * kRowBytes));
  }

  void add_unit(const Unit& unit, const char* buffer, const uint8_t* marks, bool first) {
    const int64_t groups = ceil_div(grid_.taps, kGroup);
    Tiles tiles;
    for (const Range mine : exec_.portions(layout_.panels_a * layout_.panels_b * groups)) {
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const int64_t panel_a = i / groups / layout_.panels_b,
                      panel_b = i / groups % layout_.panels_b;
        const Range taps = {i % groups * kGroup, smaller(grid_.taps, (i % groups + 1) * kGroup)};
        Sums sums[kGroup];
        if (marks[panel_a] != 0 || marks[layout_.panels_a + panel_b] != 0) {
          sum_plainly(unit, panel_a, panel_b, taps, sums);
        } else {
          sum_tiles(tiles, buffer + panel_a * layout_.panel_a,
                    buffer + layout_.a + panel_b * layout_.panel_b, taps, sums);
        }
        finish(panel_a, panel_b, taps, first, sums);
      }
    }
  }
  void sum_tiles(Tiles& tiles, const char* a, const char* b, Range taps, Sums* sums) const {
    for (int64_t begin = 0; begin < layout_.blocks; begin += kSteps) {
      const int64_t steps = smaller(kSteps, layout_.blocks - begin);
      for (int64_t tap = taps.begin; tap < taps.end; ++tap) {
        // Pair i of the odd ones is of outputs 2 i - 1 and 2 i.
        const Place at = place_of_tap(p_, grid_, tap);
        const int64_t odd = at.pixel % 2, pair = begin * 16 - at.pixel / 2 + layout_.pad;
        multiply_channels(tiles, steps, a + at.plane * layout_.plane + begin * Parts * 2048,
                          b + odd * Parts * 2 * layout_.column + pair * kRowBytes, begin > 0,
                          sums + tap - taps.begin);
      }
    }
  }
  void multiply_channels(Tiles& tiles, int64_t steps, const char* a, const char* b, bool add,
                         Sums* sums) const {
    const int64_t column = layout_.column;
    const auto load_outputs = [&](int part) BRASA_INLINE_LAMBDA {
      tiles.load<6>(b + part * 2 * column), tiles.load<7>(b + part * 2 * column + column);
    };
    start(tiles, add, *sums);
    for (int64_t i = 0; i < steps; ++i, a += Parts * 2048, b += kTileBytes) {
      if (Parts == 3) {
        load_a(tiles, a + 4096), load_outputs(0), dot_all<0, 4, 6>(tiles);
        load_a(tiles, a + 2048), dot_all<0, 4, 6>(tiles);
        load_outputs(1), dot_all<0, 4, 6>(tiles);
        load_a(tiles, a), dot_all<0, 4, 6>(tiles);
        load_outputs(2), dot_all<0, 4, 6>(tiles);
        load_outputs(0), dot_all<0, 4, 6>(tiles);
      } else {
        load_a(tiles, a), load_outputs(0), dot_all<0, 4, 6>(tiles);
      }
    }
    keep_sums(tiles, sums);
  }

  void sum_plainly(const Unit& unit, int64_t panel_a, int64_t panel_b, Range taps,
                   Sums* sums) const {
    const Patches& g = *p_.a.patches;
    const Lines a = {p_.a.data, 0, false, p_.a.patches}, b = {dy_, p_.n, false};
    // Rows of one image, or all those of some images.
    const Range outputs = {(unit.first * g.P + unit.row) * g.Q,
                           ((unit.end - 1) * g.P + unit.last) * g.Q};
    const Range filters = {panel_b * 32, smaller(p_.n, panel_b * 32 + 32)};
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) {
      const Range channels = {tap * g.channels + panel_a * 32,
                              tap * g.channels + smaller(g.channels, panel_a * 32 + 32)};
      multiply_plainly<Parts>({a, channels}, {b, filters}, outputs, false, sums + tap - taps.begin);
    }
  }

  void finish(int64_t panel_a, int64_t panel_b, Range taps, bool first, const Sums* sums) const {
    const int64_t channels = p_.a.patches->channels, c = panel_a * 32, k = panel_b * 32;
    const int64_t rows = smaller(32, channels - c), columns = smaller(32, p_.n - k);
    const Finish to_dw = {!first, false, nullptr, {}};
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) {
      int64_t at[32];
      for (int64_t i = 0; i < rows; ++i) at[i] = (tap * channels + c + i) * p_.n;
      finish_block(to_dw, sums[tap - taps.begin], rows, columns, at, dw_ + k);
    }
  }

  const Exec& exec_;
  const Product& p_;
  Grid grid_;
  Layout layout_;
  const float* dy_;
  bool add_;
  float* dw_;
};

}  // namespace

bool worth_taps_transposed(const Product& p, Precision precision) {
  // With three parts and many channels the packing is lost among the products (256 of 14 x 14: 46 ms either
  // way; 512 of 7 x 7: 45 ms, packed 42).
  if (precision == Precision::kBf16x3 && p.a.patches->channels >= 256) return false;
  return worth_taps(p, precision);
}

int64_t taps_transposed_workspace(const Product& p, Precision precision) {
  const int parts = parts_of(precision);
  return 2 * Layout(p, Grid(p, parts, kUnit), parts).bytes;
}

void multiply_taps_transposed(const Exec& exec, const Product& p, const float* dy, bool add,
                              float* dw, Precision precision) {
  if (precision == Precision::kBf16x3) {
    Team<3>(exec, p, dy, add, dw).multiply();
  } else {
    Team<1>(exec, p, dy, add, dw).multiply();
  }
}

}  // namespace brasa::cpu::BRASA_ISA
