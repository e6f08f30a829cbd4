#include "cpu/isa/group_norm_images.h"
#include "cpu/isa/kernels.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

using ForwardSlot = Slot<2>;

void sum_chunk(const GroupNormShape& s, const float* x, const ForwardSlot& slot, int64_t chunk) {
  const Range rows = chunk_rows(s.positions, chunk);
  each_strip(0, s.channels, [&](auto strip) BRASA_INLINE_LAMBDA {
    constexpr int kVectors = decltype(strip)::vectors;
    Vec shift[kVectors], offset[kVectors], squares[kVectors];
    load_shifts(s, x, strip, shift);
    find_offsets(rows, s.channels, strip, x, shift, offset);
    find_squares(rows, s.channels, strip, x, shift, offset, squares);
    slot.keep(0, chunk * s.channels, strip, offset);
    slot.keep(1, chunk * s.channels, strip, squares);
  });
}

// y = (x - shift) * a + b, row by row: stores in the order of memory, which the hardware foresees.
void normalize(const GroupNormShape& s, Range rows, const float* x, const ForwardSlot& slot,
               float* y) {
  for (int64_t at = rows.begin * s.channels; at < rows.end * s.channels; at += s.channels) {
    each_piece(0, s.channels, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec centred = load(x + at, piece) - load(slot.shift, piece);
      store(fma(centred, load(slot.a, piece), load(slot.b, piece)), y + at, piece);
    });
  }
}

}  // namespace

void group_norm(const Exec& exec, const GroupNormShape& s, const float* x, const float* gamma,
                const float* beta, float* y) {
  each_image<2>(
      exec, s,
      [&](int64_t image, const ForwardSlot& slot, int64_t chunk)
          BRASA_INLINE_LAMBDA { sum_chunk(s, x + image * s.image(), slot, chunk); },
      [&](int64_t image, const ForwardSlot& slot, int64_t, bool) BRASA_INLINE_LAMBDA {
        find_groups(s, slot, x + image * s.image(), gamma);
        for (int64_t j = 0; j < s.channels; ++j) {
          const double level = beta ? static_cast<double>(beta[j]) : 0.;
          slot.b[j] = static_cast<float>(level - slot.mean[j] * static_cast<double>(slot.a[j]));
        }
      },
      [&](int64_t image, const ForwardSlot& slot, Range rows) BRASA_INLINE_LAMBDA {
        normalize(s, rows, x + image * s.image(), slot, y + image * s.image());
      });
}

int64_t group_norm_workspace(const GroupNormShape& s, int threads) {
  return slots_of(s, threads) * ForwardSlot::bytes(s);
}

}  // namespace brasa::cpu::BRASA_ISA
