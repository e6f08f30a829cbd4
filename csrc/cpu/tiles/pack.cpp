#include "cpu/tiles/pack.h"

#include "cpu/tiles/tile.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

struct Room {
  char* to;
  uint8_t* unsafe;
  int64_t steps;

  template <int Parts>
  BRASA_INLINE char* tile(int64_t outer, int64_t step, int part) const {
    return to + ((outer / 32 * steps + step) * Parts + part) * 2048 + outer % 32 / 16 * 1024;
  }
};

BRASA_INLINE Vec load_up_to(const float* p, int64_t at, int64_t count) {
  const int64_t left = count - at;
  return left <= 0 ? Vec::zero() : load(p, {at, static_cast<int>(left < 16 ? left : 16)});
}

// Numbers that three parts do not hold: below 2^-100 the low part may be a denormal, from 2^127 on the high
// one may be infinite.
BRASA_INLINE bool any_unsafe(Vec x) {
  const Vec size = abs(x);
  return any(~(size < Vec::all(0x1p127f)) | ((size > Vec::zero()) & (size < Vec::all(0x1p-100f))));
}

// The outermost part that is left of x, which it is taken from.
BRASA_INLINE Bf16 next_part(Vec* x) {
  const Bf16 part = narrow(*x);
  *x = *x - widen(part);
  return part;
}

template <int Parts>
void pack_along(const Lines& lines, Range outer, Range sum, const Room& room) {
  float buffer[kMostSum];
  const int64_t count = sum.end - sum.begin;
  for (int64_t i = 0; i < outer.end - outer.begin; ++i) {
    const float* line = fetch(lines, outer.begin + i, sum, buffer);
    bool found = false;
    for (int64_t step = 0; step < room.steps; ++step) {
      Vec first = load_up_to(line, step * 32, count),
          second = load_up_to(line, step * 32 + 16, count);
      if (Parts == 3) found = found || any_unsafe(first) || any_unsafe(second);
      for (int part = 0; part < Parts; ++part) {
        const Bf16 one = next_part(&first), two = next_part(&second);
        store(one, two, room.tile<Parts>(i, step, part) + i % 16 * kRowBytes);
      }
    }
    if (Parts == 3 && found) room.unsafe[i / 32] = 1;
  }
}

template <int Parts>
void pack_across(const Lines& lines, Range outer, Range sum, const Room& room) {
  float buffers[2][kMostOuter];
  const int64_t count = outer.end - outer.begin, length = sum.end - sum.begin;
  for (int64_t l = 0; l < room.steps * 32; l += 2) {
    const float* line[2] = {nullptr, nullptr};
    for (int i = 0; i < 2; ++i) {
      if (l + i < length) line[i] = fetch(lines, sum.begin + l + i, outer, buffers[i]);
    }
    for (int64_t at = 0; at < count; at += 16) {
      Vec even = line[0] != nullptr ? load_up_to(line[0], at, count) : Vec::zero();
      Vec odd = line[1] != nullptr ? load_up_to(line[1], at, count) : Vec::zero();
      if (Parts == 3 && (any_unsafe(even) || any_unsafe(odd))) room.unsafe[at / 32] = 1;
      for (int part = 0; part < Parts; ++part) {
        const Bf16 one = next_part(&even), two = next_part(&odd);
        store_pairs(one, two, room.tile<Parts>(at, l / 32, part) + l % 32 / 2 * kRowBytes);
      }
    }
  }
}

// Rows and columns of pairs exchanged.
BRASA_INLINE void turn(char* tile) {
  float* pairs = reinterpret_cast<float*>(tile);
  Vec rows[16];
  for (int i = 0; i < 16; ++i) rows[i] = Vec::load(pairs + i * 16);
  transpose(rows);
  for (int i = 0; i < 16; ++i) rows[i].store(pairs + i * 16);
}

template <int Parts>
void pack_parts(const Lines& lines, Side side, Range outer, Range sum, const Room& room) {
  const int64_t count = outer.end - outer.begin, panels = tiles_up(count);
  const int64_t bytes = panel_bytes(sum.end - sum.begin, Parts);
  for (int64_t i = 0; Parts == 3 && i < panels; ++i) room.unsafe[i] = 0;
  if (room.steps == 0) return;
  if (count % 32 != 0) memset(room.to + count / 32 * bytes, 0, static_cast<size_t>(bytes));
  if (lines.along) {
    pack_along<Parts>(lines, outer, sum, room);
  } else {
    pack_across<Parts>(lines, outer, sum, room);
  }
  if (lines.along == (side == Side::kA)) return;
  for (char* tile = room.to; tile < room.to + panels * bytes; tile += kTileBytes) turn(tile);
}

}  // namespace

void pack(const Lines& lines, Side side, int parts, Range outer, Range sum, char* to,
          uint8_t* unsafe) {
  if (outer.begin >= outer.end) return;
  const Room room = {to, unsafe, tiles_up(sum.end - sum.begin)};
  if (parts == 3) {
    pack_parts<3>(lines, side, outer, sum, room);
  } else {
    pack_parts<1>(lines, side, outer, sum, room);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
