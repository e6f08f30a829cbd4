// How images are normalized. Sums over chunks of positions are found for each channel, side by side in vectors,
// while a chunk is in the first-level cache; the groups follow from them in float64. The image is then read
// again, from the second-level cache where it fits there.
#pragma once

#include "cpu/isa/row_chunks.h"
#include "ops/group_norm.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// What is kept while an image is worked on: numbers of its channels, and `Sums` for each chunk and channel.
template <int Sums>
struct Slot {
  double *mean, *scale;  // of the channel's group: the mean of x - shift, and 1 / deviation
  double *one, *two;     // sums over the chunks
  float* shift;          // the first element of the channel's group
  float *a, *b, *c;      // factors of the second reading
  float* sums[Sums];     // (chunks, channels)

  static BRASA_INLINE int64_t bytes(const GroupNormShape& s) {
    const int64_t floats = 12 + Sums * chunks_of(s.positions);
    return (floats * s.channels * static_cast<int64_t>(sizeof(float)) + 63) / 64 * 64;
  }

  BRASA_INLINE Slot(const Exec& exec, const GroupNormShape& s, int64_t place) {
    double* doubles = reinterpret_cast<double*>(exec.scratch + place * bytes(s));
    mean = doubles, scale = mean + s.channels;
    one = scale + s.channels, two = one + s.channels;
    shift = reinterpret_cast<float*>(two + s.channels);
    a = shift + s.channels, b = a + s.channels, c = b + s.channels;
    for (int i = 0; i < Sums; ++i) {
      sums[i] = c + s.channels + i * chunks_of(s.positions) * s.channels;
    }
  }

  template <int Vectors>
  BRASA_INLINE void keep(int sum, int64_t row, Strip<Vectors> strip,
                         const Vec (&v)[Vectors]) const {
    strip.store(sums[sum] + row, v);
  }
};

// Images are taken in blocks, whose sums of dgamma and dbeta are combined in order.
constexpr int64_t kMostBlocks = 256;

BRASA_INLINE int64_t blocks_of(const GroupNormShape& s) {
  return s.images < kMostBlocks ? s.images : kMostBlocks;
}
BRASA_INLINE int64_t slots_of(const GroupNormShape& s, int threads) {
  return s.images < threads && s.images <= kMostBlocks ? s.images : threads;
}

// For each image: sums(image, slot, chunk) for all chunks, then groups(image, slot, block, first of it) once, then
// rows(image, slot, positions) for all positions. A thread takes whole images, which it then finds in its
// cache; where there are fewer images than threads, all work on all of them. Both give the same bits.
template <int Sums, class FindSums, class FindGroups, class Rows>
BRASA_INLINE void each_image(const Exec& exec, const GroupNormShape& s, FindSums sums,
                             FindGroups groups, Rows rows) {
  const int64_t chunks = chunks_of(s.positions), blocks = blocks_of(s);
  if (s.images >= exec.threads || s.images > kMostBlocks) {
    const Slot<Sums> slot(exec, s, exec.thread);
    for (const Range mine : exec.portions(blocks)) {
      for (int64_t block = mine.begin; block < mine.end; ++block) {
        const int64_t first = s.images * block / blocks, end = s.images * (block + 1) / blocks;
        for (int64_t image = first; image < end; ++image) {
          for (int64_t chunk = 0; chunk < chunks; ++chunk) sums(image, slot, chunk);
          groups(image, slot, block, image == first);
          rows(image, slot, Range{0, s.positions});
        }
      }
    }
    return;
  }
  for (const Range mine : exec.portions(s.images * chunks)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      sums(i / chunks, Slot<Sums>(exec, s, i / chunks), i % chunks);
    }
  }
  exec.barrier();
  const Range images = exec.share(s.images);
  for (int64_t i = images.begin; i < images.end; ++i) {
    groups(i, Slot<Sums>(exec, s, i), i, true);
  }
  exec.barrier();
  for (const Range mine : exec.portions(s.images * chunks)) {
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      rows(i / chunks, Slot<Sums>(exec, s, i / chunks), chunk_rows(s.positions, i % chunks));
    }
  }
}

// f(the group's first channel, the one past its last)
template <class F>
BRASA_INLINE void each_group(const GroupNormShape& s, F f) {
  const int64_t size = s.channels / s.groups;
  for (int64_t at = 0; at < s.channels; at += size) f(at, at + size);
}

// The shifts of a strip; all chunks of an image have the same ones.
template <int Vectors>
BRASA_INLINE void load_shifts(const GroupNormShape& s, const float* x, Strip<Vectors> strip,
                              Vec (&shift)[Vectors]) {
  const int64_t size = s.channels / s.groups;
  float shifts[Vectors * Vec::width] = {};
  int64_t first = strip.at / size * size, next = first + size;
  for (int i = 0; i < strip.columns; ++i) {
    if (strip.at + i == next) first = next, next += size;
    shifts[i] = x[first];
  }
  unrolled<Vectors>([&](int v)
                        BRASA_INLINE_LAMBDA { shift[v] = Vec::load(shifts + v * Vec::width); });
}

BRASA_INLINE double rows_of_chunk(const GroupNormShape& s, int64_t chunk) {
  const Range rows = chunk_rows(s.positions, chunk);
  return static_cast<double>(rows.end - rows.begin);
}

// Means and deviations of the groups from sums[0], the means of the chunks, and sums[1], their squares
// around them (Chan et al., 1983); with the shifts, and a = gamma / deviation.
template <int Sums>
BRASA_INLINE void find_groups(const GroupNormShape& s, const Slot<Sums>& slot, const float* x,
                              const float* gamma) {
  const int64_t chunks = chunks_of(s.positions), C = s.channels;
  const double share = 1 / static_cast<double>(s.group());
  for (int64_t j = 0; j < C; ++j) slot.one[j] = slot.two[j] = 0;
  for (int64_t k = 0; k < chunks; ++k) {
    const double rows = rows_of_chunk(s, k);
    const float* offsets = slot.sums[0] + k * C;
    for (int64_t j = 0; j < C; ++j) slot.one[j] += rows * static_cast<double>(offsets[j]);
  }
  each_group(s, [&](int64_t begin, int64_t end) BRASA_INLINE_LAMBDA {
    double sum = 0;
    for (int64_t j = begin; j < end; ++j) sum += slot.one[j];
    for (int64_t j = begin; j < end; ++j) slot.mean[j] = sum * share, slot.shift[j] = x[begin];
  });
  for (int64_t k = 0; k < chunks; ++k) {
    const double rows = rows_of_chunk(s, k);
    const float *offsets = slot.sums[0] + k * C, *squares = slot.sums[1] + k * C;
    for (int64_t j = 0; j < C; ++j) {
      const double d = static_cast<double>(offsets[j]) - slot.mean[j];
      slot.two[j] += static_cast<double>(squares[j]) + rows * d * d;
    }
  }
  each_group(s, [&](int64_t begin, int64_t end) BRASA_INLINE_LAMBDA {
    double squares = 0;
    for (int64_t j = begin; j < end; ++j) squares += slot.two[j];
    // Squares that float32 does not hold make the group NaN, which a scale of 0 would hide.
    const float held = static_cast<float>(squares);
    const double deviation = __builtin_sqrt(squares * share + static_cast<double>(s.epsilon)) +
                             static_cast<double>(held - held);
    // A group of one element moves nothing: what rounding leaves of its slope is not to be scaled up.
    const double scale = (s.group() == 1 ? 0. : 1.) / deviation;
    for (int64_t j = begin; j < end; ++j) slot.scale[j] = scale;
  });
  for (int64_t j = 0; j < C; ++j) {
    slot.a[j] = static_cast<float>(slot.scale[j] * (gamma ? static_cast<double>(gamma[j]) : 1.));
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
