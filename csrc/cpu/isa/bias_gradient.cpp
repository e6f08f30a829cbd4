// db[j] = sum over i of dy[i][j]. The rows are cut into chunks by the shape alone; each chunk leaves
// one row of sums, and these are added in order.
#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// A chunk has at least so many rows, and as many floats as half a first-level cache: fewer would make
// the second step as long as the first.
constexpr int64_t kChunkRows = 256, kChunkFloats = 4096;
constexpr int64_t kMostChunks = 256;
// Vectors of columns that are summed at once, each in a register of its own.
constexpr int kGroupVectors = 4;
constexpr int64_t kGroup = kGroupVectors * Vec::width;

int64_t chunks_of(int64_t rows, int64_t columns) {
  const int64_t by_floats = rows * columns / kChunkFloats;
  int64_t chunks = rows / kChunkRows;
  if (by_floats < chunks) chunks = by_floats;
  if (kMostChunks < chunks) chunks = kMostChunks;
  return chunks < 1 ? 1 : chunks;
}

template <int Vectors>
void sum_group(int64_t rows, int64_t step, int columns, const float* dy, float* sums) {
  const int last = (Vectors - 1) * Vec::width;
  Vec acc[Vectors];
  BRASA_UNROLL_ALL
  for (int v = 0; v < Vectors; ++v) acc[v] = Vec::zero();
  for (int64_t i = 0; i < rows; ++i, dy += step) {
    BRASA_UNROLL_ALL
    for (int v = 0; v < Vectors - 1; ++v) acc[v] = acc[v] + Vec::load(dy + v * Vec::width);
    acc[Vectors - 1] = acc[Vectors - 1] + load(dy, {last, columns - last});
  }
  BRASA_UNROLL_ALL
  for (int v = 0; v < Vectors - 1; ++v) acc[v].store(sums + v * Vec::width);
  store(acc[Vectors - 1], sums, {last, columns - last});
}

// At most kGroup columns.
void sum_columns(int64_t rows, int64_t step, int columns, const float* dy, float* sums) {
  switch ((columns - 1) / Vec::width) {
    case 0: return sum_group<1>(rows, step, columns, dy, sums);
    case 1: return sum_group<2>(rows, step, columns, dy, sums);
    case 2: return sum_group<3>(rows, step, columns, dy, sums);
    default: return sum_group<4>(rows, step, columns, dy, sums);
  }
}

// Fewer columns than lanes: dy as one line of floats, summed with a period that is a multiple of the
// vector and of the columns. Float number i of the period belongs to column i % columns.
void sum_narrow(int64_t rows, int columns, const float* dy, float* sums) {
  const int vectors = (Vec::width + columns - 1) / columns * columns;
  const int64_t period = vectors * Vec::width, count = rows * columns;
  alignas(64) float flat[2 * Vec::width * Vec::width];
  for (int v = 0; v < vectors; ++v) Vec::zero().store(flat + v * Vec::width);
  int64_t i = 0;
  for (; i + period <= count; i += period) {
    for (int64_t j = 0; j < period; j += Vec::width) {
      (Vec::load(flat + j) + Vec::load(dy + i + j)).store(flat + j);
    }
  }
  each_piece(0, count - i, [&](Piece piece) BRASA_INLINE_LAMBDA {
    (Vec::load(flat + piece.at) + load(dy + i, piece)).store(flat + piece.at);
  });
  for (int j = 0; j < columns; ++j) {
    float sum = 0;
    for (int64_t at = j; at < period; at += columns) sum += flat[at];
    sums[j] = sum;
  }
}

}  // namespace

void bias_gradient(const Exec& exec, int64_t rows, int64_t columns, Write write, const float* dy,
                   float* db) {
  const int64_t chunks = chunks_of(rows, columns), groups = (columns + kGroup - 1) / kGroup;
  float* sums = reinterpret_cast<float*>(exec.scratch);
  const Range tasks = exec.share(chunks * groups);
  for (int64_t i = tasks.begin; i < tasks.end; ++i) {
    const int64_t chunk = i / groups, j = i % groups * kGroup;
    const int64_t begin = rows * chunk / chunks, end = rows * (chunk + 1) / chunks;
    const int count = static_cast<int>(columns - j < kGroup ? columns - j : kGroup);
    const float* from = dy + begin * columns + j;
    if (columns < Vec::width) {
      sum_narrow(end - begin, count, from, sums + chunk * columns);
    } else {
      sum_columns(end - begin, columns, count, from, sums + chunk * columns + j);
    }
  }
  // One chunk: each thread finishes the columns that it has summed.
  Range mine = {tasks.begin * kGroup, tasks.end * kGroup < columns ? tasks.end * kGroup : columns};
  if (chunks > 1) {
    exec.barrier();
    mine = exec.share(columns, kGroup);
  }
  each_piece(mine.begin, mine.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = write == Write::kAdd ? load(db, piece) : Vec::zero();
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      sum = sum + load(sums + chunk * columns, piece);
    }
    store(sum, db, piece);
  });
}

int64_t bias_gradient_workspace(int64_t rows, int64_t columns) {
  return chunks_of(rows, columns) * columns * static_cast<int64_t>(sizeof(float));
}

// Each sum by one thread: over the groups, the pixels in four sums, and at last the lanes.
void bias_gradient_lanes(const Exec& exec, const BiasGradientLanesShape& s, const float* dy,
                         float* db) {
  const Range mine = exec.share(s.K);
  for (int64_t k = mine.begin; k < mine.end; ++k) {
    Vec total = Vec::zero();
    for (int64_t g = 0; g < s.G; ++g) {
      const float* plane = dy + (g * s.K + k) * s.pixels * Vec::width;
      Vec sum[4] = {Vec::zero(), Vec::zero(), Vec::zero(), Vec::zero()};
      int64_t i = 0;
      for (; i + 4 <= s.pixels; i += 4) {
        BRASA_UNROLL_ALL
        for (int j = 0; j < 4; ++j) sum[j] = sum[j] + Vec::load(plane + (i + j) * Vec::width);
      }
      for (; i < s.pixels; ++i) sum[0] = sum[0] + Vec::load(plane + i * Vec::width);
      total = total + ((sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
    db[k] = s.write == Write::kAdd ? db[k] + sum(total) : sum(total);
  }
}

}  // namespace brasa::cpu::BRASA_ISA
