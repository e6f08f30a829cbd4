// The weight gradient of layers with few channels: chunks of tiles, each with products of its own, which
// are added up in order at the end. A thread transforms a round of tiles into its own second-level cache and
// multiplies them there, with no barrier and nothing that another core has written.
#include "cpu/isa/winograd_weight.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Transformed x and dy of a round: 1 MiB, half of the second-level cache of the servers that have 16 lanes
// (64 channels, 56 tiles; 113 take 1.4 times as long, Sapphire Rapids). With fewer tiles each pass over the
// products would cost too much (128 channels: 28 are 4 % slower than 56).
constexpr int64_t kRoundFloats = int64_t{1} << 18, kLeastTiles = 56;
// The products of a chunk, 36 C K floats: 2.4 MB at most, or passing over them costs more than is gained.
constexpr int64_t kMostProducts = 128 * 128;
constexpr int64_t kMostChunks = 8;

struct Chunks : TileLayout {
  int64_t count;

  BRASA_INLINE explicit Chunks(const Conv2dShape& s) : TileLayout(s) {
    set_tiles(larger(kLeastTiles, kRoundFloats / (kFrequencies * (channels + filters))));
    set_products(channels, filters);
    count = larger(1, smaller(kMostChunks, grid.total / tiles));
  }
  BRASA_INLINE int64_t own_bytes(const Conv2dShape& s) const {
    return tile_floats() * 4 + Buffers::own_bytes(*this, s);
  }
};

// Products of one chunk, for some filters.
void sum_chunk(const Chunks& r, const Conv2dShape& s, Range tiles, Range filters, const float* dy,
               const float* x, const Buffers& buffers, float* products) {
  const int64_t rounds = ceil_div(tiles.end - tiles.begin, r.tiles);
  for (int64_t i = 0; i < rounds; ++i) {
    const Range part = part_of(tiles.end - tiles.begin, rounds, i);
    const int64_t count = part.end - part.begin;
    for (int64_t at = 0; at < count; ++at) {
      transform_x(r, s, tiles.begin + part.begin + at, at, x, buffers);
      transform_dy(r, s, tiles.begin + part.begin + at, {0, count}, at, dy, buffers);
    }
    multiply_round(r, {{0, s.C}, filters}, count, i > 0, buffers, products + filters.begin);
  }
}

}  // namespace

// On Zen 3, whose cores share a fast last-level cache, rounds of 8 MiB are no slower.
bool takes_chunks(const Conv2dShape& s) {
  return Vec::width == 16 && s.C * s.K <= kMostProducts && Chunks(s).count == kMostChunks;
}

void weight_gradient_by_chunks(const Exec& exec, const Conv2dShape& s, const float* dy,
                               const float* x, float* dw) {
  const Chunks r(s);
  float* copies = reinterpret_cast<float*>(exec.scratch);
  const int64_t copy = r.product_floats(), panels = ceil_div(r.filters, kPanel);
  char* own = exec.scratch + r.count * copy * 4 + exec.thread * r.own_bytes(s);
  const Buffers buffers(r, s, reinterpret_cast<float*>(own), own + r.tile_floats() * 4);
  // With more threads than chunks, several take some filters each, and transform x for themselves.
  const int64_t parts = smaller(panels, ceil_div(exec.threads, r.count));
  for (const Range mine : exec.portions(r.count * parts)) {
    for (int64_t unit = mine.begin; unit < mine.end; ++unit) {
      const int64_t chunk = unit / parts;
      const Range which = part_of(panels, parts, unit % parts);
      sum_chunk(r, s, part_of(r.grid.total, r.count, chunk),
                {which.begin * kPanel, smaller(r.filters, which.end * kPanel)}, dy, x, buffers,
                copies + chunk * copy);
    }
  }
  exec.barrier();
  for (const Range mine : exec.portions(s.C)) {
    write_part(r, s, {mine, {0, r.filters}}, copies + mine.begin * r.p_row, r.count, copy, dw);
  }
}

int64_t weight_gradient_by_chunks_workspace(const Conv2dShape& s, int threads) {
  const Chunks r(s);
  return r.count * r.product_floats() * 4 + threads * r.own_bytes(s);
}

}  // namespace brasa::cpu::BRASA_ISA
