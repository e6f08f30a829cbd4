#include "cpu/isa/recurrent.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Turns rows of weights into columns, a square of vectors at a time.
void pack_square(int64_t sum, int64_t columns, const float* from, int64_t row_step, float* to) {
  for (int64_t j = 0; j < kPanel; j += Vec::width) {
    each_piece(0, sum, [&](Piece piece) BRASA_INLINE_LAMBDA {
      Vec square[Vec::width];
      BRASA_UNROLL_ALL
      for (int i = 0; i < Vec::width; ++i) {
        square[i] = j + i < columns ? load(from + (j + i) * row_step, piece) : Vec::zero();
      }
      transpose(square);
      BRASA_UNROLL_ALL
      for (int i = 0; i < piece.n; ++i) square[i].store(to + (piece.at + i) * kPanel + j);
    });
  }
}

// up to kPanel floats, the rest 0
BRASA_INLINE void copy_line(int64_t count, const float* from, float* to) {
  for (int64_t j = 0; j < kPanel; j += Vec::width) {
    // An empty load of no address would be slow: the hardware looks up the page before the mask.
    const Vec line =
        j < count ? load(from, {j, static_cast<int>(smaller(Vec::width, count - j))}) : Vec::zero();
    line.store(to + j);
  }
}

BRASA_INLINE void store_line(int64_t count, const float* from, float* to) {
  each_piece(0, count, [&](Piece piece) BRASA_INLINE_LAMBDA {
    store(Vec::load(from + piece.at), to, piece);
  });
}

}  // namespace

void pack_gates(const Exec& exec, int64_t rows, int64_t U, const Gates& gates, const float* weights,
                float* packed) {
  const Range panels = exec.share(ceil_div(U, kPanel) * gates.count);
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const int64_t unit = p / gates.count * kPanel, count = smaller(kPanel, U - unit);
    const float* from = weights + p % gates.count * U + unit;
    float* to = packed + p * rows * kPanel;
    for (int64_t l = 0; l < rows; ++l)
      copy_line(count, from + l * gates.count * U, to + l * kPanel);
  }
}

void pack_transposed(const Exec& exec, int64_t columns, int64_t U, const Gates& gates, Range which,
                     const float* weights, float* packed) {
  const int64_t row_step = gates.count * U, sum = (which.end - which.begin) * U;
  const Range panels = exec.share(ceil_div(columns, kPanel));
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const float* from = weights + p * kPanel * row_step;
    const int64_t wanted = smaller(kPanel, columns - p * kPanel);
    float* to = packed + p * sum * kPanel;
    for (int64_t unit = 0; unit < U; unit += kPanel) {
      const int64_t count = smaller(kPanel, U - unit);
      for (int64_t k = which.begin; k < which.end; ++k, to += count * kPanel) {
        pack_square(count, wanted, from + k * U + unit, row_step, to);
      }
    }
  }
}

void load_state(const RecurrentShape& s, const Part& part, const float* state, const Panels& to,
                int64_t first_row) {
  for (int64_t group = part.groups.begin; group < part.groups.end; ++group) {
    const int64_t at = group * kPanel, count = state == nullptr ? 0 : smaller(kPanel, s.U - at);
    for (int64_t n = part.rows.begin; n < part.rows.end; ++n) {
      copy_line(count, state + (count > 0 ? n * s.U + at : 0), to.at(group, first_row + n));
    }
  }
}

void store_state(const RecurrentShape& s, const Part& part, const Panels& from, int64_t first_row,
                 float* state) {
  if (state == nullptr) return;
  for (int64_t group = part.groups.begin; group < part.groups.end; ++group) {
    const int64_t at = group * kPanel;
    for (int64_t n = part.rows.begin; n < part.rows.end; ++n) {
      store_line(smaller(kPanel, s.U - at), from.at(group, first_row + n), state + n * s.U + at);
    }
  }
}

}  // namespace brasa::cpu::BRASA_ISA
