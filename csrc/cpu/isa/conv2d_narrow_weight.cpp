// dw is summed row of dy by row of dy, in pieces of four pixels whose sums are then added to a copy of dw. The rows
// are cut into chunks by the shape alone, a copy for each.
#include "cpu/isa/columns.h"
#include "cpu/isa/conv2d_frame.h"
#include "cpu/isa/conv2d_narrow_filters.h"
#include "cpu/isa/conv2d_narrow_pack.h"
#include "cpu/isa/copies.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A chunk sums at least so many pixels, so that adding the copies up costs little; of groups, whose filters are more,
// each is added to once for each row. A power of two chunks gives most numbers of threads as many each.
constexpr int64_t kChunkPixels = 512, kGroupChunkPixels = 128, kMostChunks = 64;
constexpr int64_t kCopiesFloats = 1 << 20;  // of all copies together
constexpr int kPixels = 4;

struct Sums {
  PixelTable table;
  int64_t rows, dw_floats, chunks;  // dw as packed filters

  BRASA_INLINE explicit Sums(const Conv2dShape& s)
      : table(s.window, 1, larger(1, s.window.Q)),
        rows(s.N * s.window.P),
        dw_floats(PackedFilters(s).floats()) {
    const int64_t pixels = group_width(s) == 1 ? kChunkPixels : kGroupChunkPixels;
    const int64_t most = smaller(kMostChunks, kCopiesFloats / larger(1, dw_floats));
    const int64_t wanted = smaller(smaller(rows * s.window.Q / pixels, rows), most);
    for (chunks = 1; 2 * chunks <= wanted;) chunks *= 2;
  }
  BRASA_INLINE int64_t copies_bytes() const { return round_up(chunks * dw_floats * 4, 64); }
  // Of a thread: the table, zeros, and what is gathered of x and of dy.
  BRASA_INLINE int64_t zeros_offset() const { return round_up(table.entries() * 8, 64); }
  BRASA_INLINE int64_t gathered_offset(const Conv2dShape& s) const {
    return zeros_offset() + round_up(s.C * 4, 64);
  }
  BRASA_INLINE int64_t thread_bytes(const Conv2dShape& s) const {
    const int64_t vectors = group_width(s) == 1 ? 0 : table.entries() + s.window.Q;
    return gathered_offset(s) + round_up(vectors * Vec::width * 4, 64);
  }
};

// A row of dy, the pixels of x that it meets, and where both are gathered.
struct Row {
  const PixelTable& t;
  const Conv2dShape& s;
  const float* const* pixel;
  const float* dy;
  float* gathered;
};

// dw[r] += `Count` pixels of dy with those of x that they meet in row r of their windows.
template <int S, int stride, int Count>
BRASA_INLINE void add_filter_row(const float* const* pixel, const Vec (&slope)[Count], int64_t C,
                                 Piece piece, float* dw) {
  Vec sum[S];
  unrolled<S>([&](int c) BRASA_INLINE_LAMBDA { sum[c] = Vec::zero(); });
  unrolled<(Count - 1) * stride + S>([&](int j) BRASA_INLINE_LAMBDA {
    const Vec x = load(pixel[j], piece);
    unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA {
      const int c = j - k * stride;
      if (c >= 0 && c < S) sum[c] = fma(x, slope[k], sum[c]);
    });
  });
  unrolled<S>([&](int c) BRASA_INLINE_LAMBDA {
    store(load(dw + c * C, piece) + sum[c], dw + c * C, piece);
  });
}

// dw += `Count` pixels of dy with all that they meet.
template <class Known, int Count>
BRASA_INLINE void add_pixels(const PixelTable& t, const Conv2dShape& s, const float* const* pixel,
                             const float* dy, Next* next, float* dw) {
  const Window2d& win = s.window;
  each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
    next->fetch();
    Vec slope[Count];
    unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA { slope[k] = load(dy + k * s.C, piece); });
    const auto add_row = [&](int64_t r) BRASA_INLINE_LAMBDA {
      const float* const* at = pixel + r * win.dilation_h * t.width;
      float* to = dw + r * win.S * s.C;
      if constexpr (Known::S > 0) {
        return add_filter_row<Known::S, Known::stride>(at, slope, s.C, piece, to);
      }
      for (int64_t c = 0; c < win.S; ++c, at += win.dilation_w, to += s.C) {
        Vec sum = Vec::zero();
        unrolled<Count>([&](int k) BRASA_INLINE_LAMBDA {
          sum = fma(load(at[k * t.along], piece), slope[k], sum);
        });
        store(load(to, piece) + sum, to, piece);
      }
    };
    if constexpr (Known::R > 0) {
      unrolled<Known::R>(add_row);
    } else {
      for (int64_t r = 0; r < win.R; ++r) add_row(r);
    }
  });
}

// dw += the products of a row; its last pixels one by one: what they do not meet may be NaN.
template <class Known>
void add_row(OwnChannel, const Row& row, Next next, float* dw) {
  const int64_t C = row.s.C;
  int64_t q = 0;
  for (; q + kPixels <= row.s.window.Q; q += kPixels) {
    add_pixels<Known, kPixels>(row.t, row.s, row.pixel + q * row.t.along, row.dy + q * C, &next,
                               dw);
  }
  for (; q < row.s.window.Q; ++q) {
    add_pixels<Known, 1>(row.t, row.s, row.pixel + q * row.t.along, row.dy + q * C, &next, dw);
  }
}

// Of groups of several channels, a channel's sums stay in registers for the row.
template <class Known, class Reader>
void add_row(Reader, const Row& row, Next next, float* dw) {
  const Conv2dShape& s = row.s;
  const PackedFilters filters(s);
  float* dy = row.gathered + row.t.entries() * Vec::width;
  each_piece(0, s.C, [&](Piece piece) BRASA_INLINE_LAMBDA {
    for (int64_t q = 0; q < s.window.Q; ++q) {
      if (q % kPixels == 0) next.fetch();
      load(row.dy + q * s.C, piece).store(dy + q * Vec::width);
    }
    gather(row.pixel, row.t.entries(), piece, row.gathered);
    const Pixels pixels = {row.pixel, row.gathered, piece};
    Reader::each(pixels, filters.width, [&](auto read, int64_t j) BRASA_INLINE_LAMBDA {
      add_row_of_channel(Known(), {row.t, s, dy}, read, dw + filters.at(piece, j));
    });
  });
}

// dw (+)= the copies of it, packed.
void add_packed_copies(const Exec& exec, const Conv2dShape& s, const Sums& sums,
                       const float* copies, float* dw) {
  const PackedFilters f(s);
  const Range mine = exec.share(f.blocks());
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    const Piece piece = f.piece_of_block(i);
    for (int64_t tap = 0; tap < f.taps; ++tap) {
      const float* from = copies + (i * f.taps + tap) * Vec::width;
      float* to = dw + (tap * f.width + i % f.width) * f.C;
      Vec sum = Vec::load(from);
      for (int64_t k = 1; k < sums.chunks; ++k) sum = sum + Vec::load(from + k * sums.dw_floats);
      store(s.write == Write::kAdd ? load(to, piece) + sum : sum, to, piece);
    }
  }
}

}  // namespace

void narrow_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                            float* dw) {
  const Sums sums(s);
  const int64_t P = s.window.P, Q = s.window.Q;
  float* copies = reinterpret_cast<float*>(exec.scratch);
  char* mine = exec.scratch + sums.copies_bytes() + exec.thread * sums.thread_bytes(s);
  const float** pixel = reinterpret_cast<const float**>(mine);
  float* zeros = reinterpret_cast<float*>(mine + sums.zeros_offset());
  float* gathered = reinterpret_cast<float*>(mine + sums.gathered_offset(s));
  clear_floats(s.C, zeros);
  with_window(s, [&](auto known, auto reader) {
    for (const Range chunks : exec.portions(sums.chunks)) {
      for (int64_t i = chunks.begin; i < chunks.end; ++i) {
        const Range rows = part_of(sums.rows, sums.chunks, i);
        float* sum = copies + i * sums.dw_floats;
        clear_floats(sums.dw_floats, sum);
        for (int64_t row = rows.begin; row < rows.end; ++row) {
          const int64_t n = row / P, p = row % P;
          fill_table(sums.table, s, n, p, x, zeros, pixel);
          Next next = {
              next_rows(s, sums.table, n, p, x, 1, Q / kPixels),
              {dy + (row + 1) * Q * s.C, Q * s.C, Q / kPixels * ceil_div(s.C, Vec::width)}};
          add_row<decltype(known)>(reader, {sums.table, s, pixel, dy + row * Q * s.C, gathered},
                                   next, sum);
        }
      }
    }
  });
  exec.barrier();
  if (group_width(s) > 1) return add_packed_copies(exec, s, sums, copies, dw);
  add_copies(exec, sums.dw_floats, sums.chunks, s.write, copies, dw);
}

int64_t narrow_backward_weight_workspace(const Conv2dShape& s, int threads) {
  const Sums sums(s);
  return sums.copies_bytes() + threads * sums.thread_bytes(s);
}

}  // namespace brasa::cpu::BRASA_ISA
