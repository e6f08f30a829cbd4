#include "cpu/tiles/product.h"

#include "cpu/tiles/finish.h"
#include "cpu/tiles/panels.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Rows of a that a thread packs at once, and columns of b that the team does.
constexpr int64_t kRows = 256, kColumns = 1024;
// Blocks of the sum for which b is packed at once: the rows of c stay in the cache from one to the next.
constexpr int64_t kSums = 4;
constexpr int64_t kMarks = kSums * kColumns / 32;
static_assert(kMarks % 64 == 0);

// The longest block of the sum. With one part a panel of b, 16 KiB, stays in the first-level cache while
// those of a pass by; with three none would, and what c costs counts.
BRASA_INLINE int64_t most_sum(int parts) { return parts == 3 ? 512 : 256; }
// The blocks of the sum for which a is packed at once, and which are added in tiles in the first-level
// cache: c itself is read and written once for all of them.
BRASA_INLINE constexpr int64_t kept(int parts) { return parts == 3 ? 1 : kSums; }

BRASA_INLINE Range part_of(int64_t count, int64_t parts, int64_t index) {
  return {count * index / parts, count * (index + 1) / parts};
}
BRASA_INLINE int64_t blocks_of(int64_t count, int64_t most) {
  return count == 0 ? 1 : ceil_div(count, most);
}
// Block `index` of [0, count), cut at multiples of 32.
BRASA_INLINE Range block_of(int64_t count, int64_t blocks, int64_t index) {
  const Range units = part_of(ceil_div(count, 32), blocks, index);
  return {smaller(count, units.begin * 32), smaller(count, units.end * 32)};
}

// Panels of rows that are handed out at once. Cores are not equally fast, least of all where a neighbour uses
// the tiles, too.
constexpr int64_t kPiece = 4;

// The parts of the columns in a grid of threads over panels of rows and columns whose largest part is
// smallest.
int64_t column_parts(const Exec& exec, int64_t rows, int64_t columns) {
  int64_t best = exec.threads, least = -1;
  for (int64_t down = exec.threads; down >= 1; --down) {
    if (exec.threads % down != 0) continue;
    const int64_t largest = ceil_div(rows, down) * ceil_div(columns, exec.threads / down);
    if (least < 0 || largest < least) best = down, least = largest;
  }
  return exec.threads / best;
}

// A packed operand, for some blocks of the sum: its panels begin at `first` of the outer indices.
struct Packed {
  char* panels;
  uint8_t* unsafe;
  int64_t marks;  // from block to block
  Range outer;

  BRASA_INLINE int64_t panel_of(int64_t outer_index) const {
    return (outer_index - outer.begin) / 32;
  }
};

// Some blocks of the sum, and the columns of b packed for all of them: block after block, panel after panel.
struct Stage {
  Range sum, columns;
  int64_t blocks, panels;

  BRASA_INLINE Range block(int64_t l) const {
    const Range part = block_of(sum.end - sum.begin, blocks, l);
    return {sum.begin + part.begin, sum.begin + part.end};
  }
  BRASA_INLINE int64_t offset(int64_t l, int parts) const {
    return panels * panel_bytes(block(l).begin - sum.begin, parts);
  }
};

// The thread's part of c for some blocks of the sum, which are added in tiles, and one of the columns.
template <int Parts>
void multiply_blocks(Tiles& tiles, const Product& p, const Stage& stage, Range blocks,
                     const Packed& a, const Packed& b, Range columns) {
  const Range sum = {stage.block(blocks.begin).begin, stage.block(blocks.end - 1).end};
  const int64_t a_panels = tiles_up(a.outer.end - a.outer.begin);
  int64_t c_row[kRows];
  for (int64_t i = a.outer.begin; i < a.outer.end; ++i)
    c_row[i - a.outer.begin] = offset_of(p.c, i);
  const bool last = sum.end == p.k;
  Sums sums[kRows / 32];
  for (int64_t j = columns.begin; j < columns.end; j += 32) {
    const Range across = {j, smaller(columns.end, j + 32)};
    const Finish finish = {p.add || sum.begin > 0, last && !p.add,
                           last && p.bias != nullptr ? p.bias + j : nullptr, p.activation};
    for (int64_t l = blocks.begin; l < blocks.end; ++l) {
      const Range part = stage.block(l);
      const int64_t steps = tiles_up(part.end - part.begin), bytes = steps * Parts * 2048;
      const char* a_panel = a.panels + a_panels * panel_bytes(part.begin - sum.begin, Parts);
      const char* b_panel = b.panels + stage.offset(l, Parts) + b.panel_of(j) * bytes;
      // Each panel of a fetches its part of the next panel of b.
      Ahead ahead = {b_panel + bytes, 0};
      if (j + 32 < columns.end)
        ahead.each = ceil_div(Parts * 2048 / kRowBytes, a_panels) * kRowBytes;
      for (int64_t i = 0; i < a_panels; ++i, a_panel += bytes) {
        const int64_t row = a.outer.begin + i * 32;
        const Range down = {row, smaller(a.outer.end, row + 32)};
        if (Parts == 3 && (a.unsafe[(l - blocks.begin) * a.marks + i] != 0 ||
                           b.unsafe[l * b.marks + b.panel_of(j)] != 0)) {
          multiply_plainly<Parts>({p.a, down}, {p.b, across}, part, l > blocks.begin, sums + i);
        } else {
          multiply_panels<Parts>(tiles, steps, a_panel, b_panel, ahead, l > blocks.begin, sums + i);
          ahead.at += ahead.each * steps;
        }
        if (l + 1 < blocks.end) continue;
        finish_block(finish, sums[i], down.end - down.begin, across.end - across.begin,
                     c_row + i * 32, p.c.data + j);
      }
    }
  }
}

// Every thread packs some panels of some blocks.
void pack_b(const Exec& exec, const Lines& b, const Stage& stage, int parts, char* to,
            uint8_t* unsafe) {
  for (const Range mine : exec.portions(stage.blocks * stage.panels, kPiece)) {
    for (int64_t unit = mine.begin; unit < mine.end;) {
      const int64_t l = unit / stage.panels, first = unit % stage.panels;
      const int64_t end = smaller(stage.panels, first + mine.end - unit);
      const Range sum = stage.block(l), all = stage.columns;
      const Range outer = {all.begin + first * 32, smaller(all.end, all.begin + end * 32)};
      const int64_t panel = panel_bytes(sum.end - sum.begin, parts);
      pack(b, Side::kB, parts, outer, sum, panel, to + stage.offset(l, parts) + first * panel,
           unsafe + l * (kColumns / 32) + first);
      unit += end - first;
    }
  }
}

// At most kRows rows of c: packs those of a into `own`.
template <int Parts>
void multiply_rows(Tiles& tiles, const Product& p, const Stage& stage, Range rows, Range columns,
                   const Packed& b, char* own) {
  uint8_t unsafe[kept(Parts) * kRows / 32];
  for (int64_t l = 0; l < stage.blocks; l += kept(Parts)) {
    const Range blocks = {l, smaller(stage.blocks, l + kept(Parts))};
    char* to = own;
    for (int64_t at = l; at < blocks.end; ++at) {
      const Range sum = stage.block(at);
      const int64_t panel = panel_bytes(sum.end - sum.begin, Parts);
      pack(p.a, Side::kA, Parts, rows, sum, panel, to, unsafe + (at - l) * (kRows / 32));
      to += tiles_up(rows.end - rows.begin) * panel;
    }
    multiply_blocks<Parts>(tiles, p, stage, blocks, {own, unsafe, kRows / 32, rows}, b, columns);
  }
}

// What a thread takes of c.
template <int Parts>
void multiply_stage(const Exec& exec, Tiles& tiles, const Product& p, const Stage& stage,
                    const Packed& b, char* own) {
  const int64_t panels = tiles_up(p.m), parts = column_parts(exec, panels, stage.panels);
  for (const Range mine : exec.portions(parts * panels, kPiece)) {
    for (int64_t at = mine.begin; at < mine.end;) {
      const int64_t part = at / panels, first = at % panels;
      const int64_t end = smaller(smaller(panels, first + kRows / 32), first + mine.end - at);
      const Range across = part_of(stage.panels, parts, part);
      const Range columns = {stage.columns.begin + across.begin * 32,
                             smaller(stage.columns.end, stage.columns.begin + across.end * 32)};
      if (columns.begin < columns.end) {
        multiply_rows<Parts>(tiles, p, stage, {first * 32, smaller(p.m, end * 32)}, columns, b,
                             own);
      }
      at += end - first;
    }
  }
}

template <int Parts>
void multiply_parts(const Exec& exec, const Product& p, const Room& room, int64_t* turn) {
  Tiles tiles;
  char* own = exec.scratch + 2 * room.packed_b + exec.thread * room.packed_a;
  const int64_t column_blocks = ceil_div(p.n, kColumns);
  const int64_t stages = blocks_of(p.k, kSums * most_sum(Parts));
  for (int64_t i = 0; i < column_blocks * stages; ++i) {
    Stage stage = {block_of(p.k, stages, i % stages), block_of(p.n, column_blocks, i / stages), 0,
                   0};
    stage.blocks = blocks_of(stage.sum.end - stage.sum.begin, most_sum(Parts));
    stage.panels = tiles_up(stage.columns.end - stage.columns.begin);
    // Two buffers, used in turn, need one barrier for each stage. The marks of the panels come last.
    char* buffer = exec.scratch + (*turn)++ % 2 * room.packed_b;
    uint8_t* unsafe_b = reinterpret_cast<uint8_t*>(buffer + room.packed_b - kMarks);
    pack_b(exec, p.b, stage, Parts, buffer, unsafe_b);
    exec.barrier();
    multiply_stage<Parts>(exec, tiles, p, stage, {buffer, unsafe_b, kColumns / 32, stage.columns},
                          own);
  }
}

}  // namespace

Room::Room(int64_t m, int64_t n, int64_t k, Precision precision) {
  const int parts = parts_of(precision);
  packed_b =
      panel_bytes(smaller(k, kSums * most_sum(parts)), parts) * tiles_up(smaller(n, kColumns)) +
      kMarks;
  packed_a =
      panel_bytes(smaller(k, kept(parts) * most_sum(parts)), parts) * tiles_up(smaller(m, kRows));
}

void multiply(const Exec& exec, const Product& product, Precision precision, const Room& room,
              int64_t* turn) {
  if (precision == Precision::kBf16x3) {
    multiply_parts<3>(exec, product, room, turn);
  } else {
    multiply_parts<1>(exec, product, room, turn);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
