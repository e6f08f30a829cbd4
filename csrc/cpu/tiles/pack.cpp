#include "cpu/tiles/pack.h"

#include "cpu/tiles/split.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

struct Room {
  char* to;
  uint8_t* unsafe;
  int64_t steps, panel;  // and the bytes from panel to panel

  template <int Parts>
  BRASA_INLINE char* tile(int64_t outer, int64_t step, int part) const {
    return to + outer / 32 * panel + (step * Parts + part) * 2048 + outer % 32 / 16 * 1024;
  }
};

// Rows and columns of pairs exchanged.
BRASA_INLINE void turn(char* tile) {
  float* pairs = reinterpret_cast<float*>(tile);
  Vec rows[16];
  for (int i = 0; i < 16; ++i) rows[i] = Vec::load(pairs + i * 16);
  transpose(rows);
  for (int i = 0; i < 16; ++i) rows[i].store(pairs + i * 16);
}

// 16 lines side by side, step by step: a tile is written as a whole and, where it is to be turned, turned
// while it is in the first-level cache. Line after line, at steps of whole tiles, took five times as long.
template <int Parts, bool Turned>
void pack_along(const Lines& lines, Range outer, Range sum, const Room& room) {
  float buffer[16][kMostSum];
  const float* line[16];
  const int64_t count = outer.end - outer.begin, length = sum.end - sum.begin;
  for (int64_t i = 0; i < count; i += 16) {
    const int rows = static_cast<int>(count - i < 16 ? count - i : 16);
    for (int r = 0; r < rows; ++r) line[r] = fetch(lines, outer.begin + i + r, sum, buffer[r]);
    Mask found = Mask::first(0);
    for (int64_t step = 0; step < room.steps; ++step) {
      char* tile = room.tile<Parts>(i, step, 0);
      for (int r = 0; r < rows; ++r) {
        Vec first = load_up_to(line[r], step * 32, length);
        Vec second = load_up_to(line[r], step * 32 + 16, length);
        if (Parts == 3) found = found | unsafe_in(first) | unsafe_in(second);
        for (int part = 0; part < Parts; ++part) {
          const Bf16 one = next_part(&first), two = next_part(&second);
          store(one, two, tile + part * 2048 + r * kRowBytes);
        }
      }
      for (int part = 0; Turned && part < Parts; ++part) turn(tile + part * 2048);
    }
    if (Parts == 3 && any(found)) room.unsafe[i / 32] = 1;
  }
}

// Some panels at a time, so that what is read of each line fills whole pages' prefetches, and what is
// written lies in few places.
template <int Parts, bool Turned>
void pack_across(const Lines& lines, Range outer, Range sum, const Room& room) {
  constexpr int64_t kSome = 128;
  float buffers[2][kSome];
  const int64_t length = sum.end - sum.begin;
  for (int64_t begin = outer.begin; begin < outer.end; begin += kSome) {
    const Range some = {begin, begin + kSome < outer.end ? begin + kSome : outer.end};
    const int64_t count = some.end - some.begin, first = begin - outer.begin;
    Mask found[kSome / 32];
    for (Mask& one : found) one = Mask::first(0);
    for (int64_t l = 0; l < room.steps * 32; l += 2) {
      const float* line[2] = {nullptr, nullptr};
      for (int i = 0; i < 2; ++i) {
        if (l + i < length) line[i] = fetch(lines, sum.begin + l + i, some, buffers[i]);
      }
      for (int64_t at = 0; at < count; at += 16) {
        Vec even = line[0] != nullptr ? load_up_to(line[0], at, count) : Vec::zero();
        Vec odd = line[1] != nullptr ? load_up_to(line[1], at, count) : Vec::zero();
        if (Parts == 3) found[at / 32] = found[at / 32] | unsafe_in(even) | unsafe_in(odd);
        char* tile = room.tile<Parts>(first + at, l / 32, 0);
        for (int part = 0; part < Parts; ++part) {
          const Bf16 one = next_part(&even), two = next_part(&odd);
          store_pairs(one, two, tile + part * 2048 + l % 32 / 2 * kRowBytes);
        }
        if (!Turned || l % 32 != 30) continue;
        for (int part = 0; part < Parts; ++part) turn(tile + part * 2048);
      }
    }
    for (int64_t i = 0; Parts == 3 && i * 32 < count; ++i) {
      if (any(found[i])) room.unsafe[first / 32 + i] = 1;
    }
  }
}

template <int Parts, bool Turned>
void pack_lines(const Lines& lines, Range outer, Range sum, const Room& room) {
  if (lines.along) {
    pack_along<Parts, Turned>(lines, outer, sum, room);
  } else {
    pack_across<Parts, Turned>(lines, outer, sum, room);
  }
}

template <int Parts>
void pack_parts(const Lines& lines, Side side, Range outer, Range sum, const Room& room) {
  const int64_t count = outer.end - outer.begin, panels = tiles_up(count);
  const size_t bytes = static_cast<size_t>(panel_bytes(sum.end - sum.begin, Parts));
  for (int64_t i = 0; Parts == 3 && i < panels; ++i) room.unsafe[i] = 0;
  if (room.steps == 0) return;
  if (count % 32 != 0) memset(room.to + count / 32 * room.panel, 0, bytes);
  if (lines.along == (side == Side::kA)) {
    pack_lines<Parts, false>(lines, outer, sum, room);
  } else {
    pack_lines<Parts, true>(lines, outer, sum, room);
  }
}

}  // namespace

void pack(const Lines& lines, Side side, int parts, Range outer, Range sum, int64_t panel, char* to,
          uint8_t* unsafe) {
  if (outer.begin >= outer.end) return;
  const Room room = {to, unsafe, tiles_up(sum.end - sum.begin), panel};
  if (parts == 3) {
    pack_parts<3>(lines, side, outer, sum, room);
  } else {
    pack_parts<1>(lines, side, outer, sum, room);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
