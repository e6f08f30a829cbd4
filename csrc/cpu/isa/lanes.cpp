// Transposes blocks of `width` images x `width` features, (h, w, c) in the order of one image's memory.
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The block of features [first, first + count) of one group, and where feature `first` lies there.
struct Block {
  int64_t group, first;
  int count;
};

// Walks over the features of a block in the lanes layout: channels are planes apart.
class Place {
 public:
  BRASA_INLINE Place(const LanesShape& s, const Block& block)
      : plane_(s.H * s.W * Vec::width), channels_(s.C), channel_(block.first % s.C) {
    at_ = (block.group * s.C + channel_) * plane_ + block.first / s.C * Vec::width;
  }
  BRASA_INLINE int64_t next() {
    const int64_t here = at_;
    at_ += plane_;
    if (++channel_ == channels_) channel_ = 0, at_ += Vec::width - channels_ * plane_;
    return here;
  }

 private:
  int64_t plane_, channels_, channel_, at_;
};

template <class F>
BRASA_INLINE void each_block(const Exec& exec, const LanesShape& s, F f) {
  const int64_t features = s.H * s.W * s.C, blocks = (features + Vec::width - 1) / Vec::width;
  const int64_t groups = (s.N + Vec::width - 1) / Vec::width;
  for (const Range mine : exec.portions(groups * blocks, 128, 8)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      const int64_t first = i % blocks * Vec::width, left = features - first;
      f(Block{i / blocks, first, static_cast<int>(left < Vec::width ? left : Vec::width)});
    }
  }
}

}  // namespace

void to_lanes(const Exec& exec, const LanesShape& s, const float* x, float* y) {
  const int64_t features = s.H * s.W * s.C;
  each_block(exec, s, [&](const Block& block) BRASA_INLINE_LAMBDA {
    Vec rows[Vec::width];
    const auto image = [&](int64_t l) BRASA_INLINE_LAMBDA {
      const int64_t n = block.group * Vec::width + l, last = s.N - 1;
      const float* from = x + (n < last ? n : last) * features + block.first;
      return n <= last || s.repeat ? from : nullptr;
    };
    load_rows(block.count, image, rows);
    transpose(rows);
    Place place(s, block);
    BRASA_UNROLL_ALL
    for (int i = 0; i < block.count; ++i) rows[i].store(y + place.next());
  });
}

void from_lanes(const Exec& exec, const LanesShape& s, const float* x, float* y) {
  const int64_t features = s.H * s.W * s.C;
  each_block(exec, s, [&](const Block& block) BRASA_INLINE_LAMBDA {
    Vec rows[Vec::width];
    Place place(s, block);
    BRASA_UNROLL_ALL
    for (int i = 0; i < Vec::width; ++i) {
      rows[i] = i < block.count ? Vec::load(x + place.next()) : Vec::zero();
    }
    transpose(rows);
    BRASA_UNROLL_ALL
    for (int64_t l = 0; l < Vec::width; ++l) {
      const int64_t n = block.group * Vec::width + l;
      if (n < s.N) store(rows[l], y + n * features + block.first, Piece{0, block.count});
    }
  });
}

}  // namespace brasa::cpu::BRASA_ISA
