// The sum goes over pixels, and both operands are converted once. Tiles of a have a row for each channel and
// 32 neighbouring pixels in it. Those of dy have a row for each pair of outputs, in the same order, zeros
// where a number is none: a tap moves dy and not x against the other, by whole rows. For taps at an odd
// distance there are other pairs. (x moved by single pixels: most of its rows lie in two cache lines, and
// the whole takes a fifth longer.)
#include "cpu/tiles/taps_operands.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Steps of both operands that are read again for every tap of a group before the next: 16 KB of a stay in the
// first-level cache (one core of Sapphire Rapids: 8 steps 1670 GFLOP/s, 16 1360, 32 1480).
constexpr int64_t kSteps = 8, kGroup = 9;

int64_t size_of_weights(const Product& p) { return p.k * p.n; }
int64_t size_of_operands(const Product& p) {
  const Patches& g = *p.a.patches;
  return p.m / (g.P * g.Q) * g.H * g.W * g.channels + p.m * p.n;
}

// A unit of both operands should lie in the second-level cache. But its sums go through all of dw once; where
// that is larger than the operands, one unit is better than two (512 channels of 7 x 7, 32 images: 7.0 ms, 8.0).
UnitSize unit_size(const Product& p) {
  return {4 << 20, size_of_weights(p) > size_of_operands(p) ? 2048 : 1024, 1};
}

// Units after each other are a chunk, with a dw of its own: so one thread converts and multiplies them, no line
// passes between cores, and the sum does not depend on the number of threads. (Units shared by all threads took
// 1.1 to 1.6 times as long with two.) The copies of dw may have a sixth of the operands' size. Where they
// are few, slices of the filters are shared out, too; each converts x again.
struct Cut {
  int64_t chunks, slices, panels;  // panels of filters in a slice, at most

  Cut(const Product& p, const Grid& grid, int threads)
      : chunks(1 + size_of_operands(p) / (6 * size_of_weights(p))),
        slices(1),
        panels(tiles_up(p.n)) {
    chunks = smaller(smaller(chunks, 16), grid.units);
    slices = smaller(panels, ceil_div(2 * threads, chunks));
    panels = ceil_div(panels, slices);
  }
};

// The steps of 32 channels and 32 filters, with one part.
struct Channels {
  const char *a, *b;
  int64_t column;

  BRASA_INLINE Square next() {
    const Square now = {a, kRowBytes, b, b + column};
    a += 2 * kTileBytes, b += kTileBytes;
    return now;
  }
};

template <int Parts>
class Worker {
 public:
  Worker(const Exec& exec, const Product& p, const float* dy, bool add, float* dw)
      : exec_(exec),
        p_(p),
        grid_(p, Parts, unit_size(p)),
        cut_(p, grid_, exec.threads),
        layout_(grid_, Parts, cut_.panels),
        dy_(dy),
        add_(add),
        dw_(dw),
        copies_(reinterpret_cast<float*>(exec.scratch + exec.threads * layout_.bytes)),
        buffer_(exec.scratch + exec.thread * layout_.bytes),
        marks_(reinterpret_cast<uint8_t*>(buffer_) + layout_.a + layout_.b),
        filled_(-1) {}

  void multiply() {
    for (const Range mine : exec_.portions(cut_.chunks * cut_.slices)) {
      for (int64_t i = mine.begin; i < mine.end; ++i) add_slice(i / cut_.slices, i % cut_.slices);
    }
    if (cut_.chunks == 1) return;
    exec_.barrier();
    for (const Range mine : flat_portions(exec_, p_.k * p_.n)) add_copies(mine);
  }

 private:
  void add_slice(int64_t chunk, int64_t slice) {
    const int64_t all = tiles_up(p_.n);
    const Range panels = {all * slice / cut_.slices, all * (slice + 1) / cut_.slices};
    const Range units = {grid_.units * chunk / cut_.chunks,
                         grid_.units * (chunk + 1) / cut_.chunks};
    float* to = chunk == 0 ? dw_ : copies_ + (chunk - 1) * p_.k * p_.n;
    bool first = chunk > 0 || !add_;
    for (int64_t i = units.begin; i < units.end; ++i, first = false) {
      const Unit unit(grid_, p_, i);
      if (i != filled_) fill_source<Parts>(p_, grid_, unit, layout_, buffer_, marks_);
      filled_ = i;
      fill_outputs<Parts>(p_, grid_, unit, layout_, dy_, panels, buffer_ + layout_.a,
                          marks_ + layout_.panels_a);
      add_unit(unit, panels, first, to);
    }
  }
  void add_copies(Range range) const {
    const int64_t size = p_.k * p_.n;
    each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec sum = load(dw_, piece);
      for (int64_t i = 0; i + 1 < cut_.chunks; ++i) sum = sum + load(copies_ + i * size, piece);
      store(sum, dw_, piece);
    });
  }
  void add_unit(const Unit& unit, Range panels, bool first, float* to) const {
    Tiles tiles;
    for (int64_t b = panels.begin; b < panels.end; ++b) {
      const char* of_b = buffer_ + layout_.a + (b - panels.begin) * layout_.panel_b;
      const bool marked_b = marks_[layout_.panels_a + b - panels.begin] != 0;
      for (int64_t a = 0; a < layout_.panels_a; ++a) {
        for (int64_t tap = 0; tap < grid_.taps; tap += kGroup) {
          const Range taps = {tap, smaller(grid_.taps, tap + kGroup)};
          Sums sums[kGroup];
          if (marked_b || marks_[a] != 0) {
            sum_plainly(unit, a, b, taps, sums);
          } else {
            sum_tiles(tiles, buffer_ + a * layout_.panel_a, of_b, taps, sums);
          }
          finish(a, b, taps, first, sums, to);
        }
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
    if (Parts == 1) {
      return multiply_steps(tiles, steps, Channels{a, b, column}, {nullptr, 0}, add, sums);
    }
    const auto load_outputs = [&](int part) BRASA_INLINE_LAMBDA {
      tiles.load<6>(b + part * 2 * column), tiles.load<7>(b + part * 2 * column + column);
    };
    start(tiles, add, *sums);
    for (int64_t i = 0; i < steps; ++i, a += Parts * 2048, b += kTileBytes) {
      load_a(tiles, a + 4096), load_outputs(0), tiles.dot_square<0, 4, 6>();
      load_a(tiles, a + 2048), tiles.dot_square<0, 4, 6>();
      load_outputs(1), tiles.dot_square<0, 4, 6>();
      load_a(tiles, a), tiles.dot_square<0, 4, 6>();
      load_outputs(2), tiles.dot_square<0, 4, 6>();
      load_outputs(0), tiles.dot_square<0, 4, 6>();
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

  void finish(int64_t panel_a, int64_t panel_b, Range taps, bool first, const Sums* sums,
              float* dw) const {
    const int64_t channels = p_.a.patches->channels, c = panel_a * 32, k = panel_b * 32;
    const int64_t rows = smaller(32, channels - c), columns = smaller(32, p_.n - k);
    const Finish to_dw = {!first, false, nullptr, {}};
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) {
      int64_t at[32];
      for (int64_t i = 0; i < rows; ++i) at[i] = (tap * channels + c + i) * p_.n;
      finish_block(to_dw, sums[tap - taps.begin], rows, columns, at, dw + k);
    }
  }

  const Exec& exec_;
  const Product& p_;
  Grid grid_;
  Cut cut_;
  Layout layout_;
  const float* dy_;
  bool add_;
  float *dw_, *copies_;
  char* buffer_;
  uint8_t* marks_;
  int64_t filled_;
};

}  // namespace

bool worth_taps_transposed(const Product& p, Precision precision) {
  // With three parts and many channels the packing is lost among the products (256 of 14 x 14: 46 ms either
  // way; 512 of 7 x 7: 45 ms, packed 42).
  if (precision == Precision::kBf16x3 && p.a.patches->channels >= 256) return false;
  return worth_taps(p, precision);
}

int64_t taps_transposed_workspace(const Product& p, Precision precision, int threads) {
  const int parts = parts_of(precision);
  const Grid grid(p, parts, unit_size(p));
  const Cut cut(p, grid, threads);
  return threads * Layout(grid, parts, cut.panels).bytes + (cut.chunks - 1) * p.k * p.n * 4;
}

void multiply_taps_transposed(const Exec& exec, const Product& p, const float* dy, bool add,
                              float* dw, Precision precision) {
  if (precision == Precision::kBf16x3) {
    Worker<3>(exec, p, dy, add, dw).multiply();
  } else {
    Worker<1>(exec, p, dy, add, dw).multiply();
  }
}

}  // namespace brasa::cpu::BRASA_ISA
