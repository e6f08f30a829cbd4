#include <math.h>
#include <string.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// Columns that a thread adds up, at least: one cache line.
constexpr int64_t kBlock = 16;

// As an unsigned number, an id below 0 is beyond every vocabulary.
BRASA_INLINE bool valid(int32_t id, int64_t vocabulary) {
  return static_cast<uint32_t>(id) < static_cast<uint64_t>(vocabulary);
}

// Columns [begin, end) and rows [first_row, last_row) of the sums of one chunk of ids.
struct Part {
  int64_t first_id, last_id, first_row, last_row, begin, end;
};

void add_rows(int64_t columns, const Part& part, const float* dy, const int32_t* ids, float* sums) {
  const int64_t rows = part.last_row - part.first_row;
  const size_t bytes = static_cast<size_t>(part.end - part.begin) * sizeof(float);
  float* own = sums + part.first_row * columns;
  if (part.end - part.begin == columns) {
    memset(own, 0, bytes * static_cast<size_t>(rows));
  } else {
    for (int64_t v = 0; v < rows; ++v) memset(own + v * columns + part.begin, 0, bytes);
  }
  for (int64_t i = part.first_id; i < part.last_id; ++i) {
    if (ids[i] < part.first_row || ids[i] >= part.last_row) continue;
    const float* from = dy + i * columns;
    float* to = sums + ids[i] * columns;
    each_piece(part.begin, part.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
      store(load(to, piece) + load(from, piece), to, piece);
    });
  }
}

// dtable = the tables of all chunks, added in order.
void add_tables(const Exec& exec, int64_t cells, int64_t chunks, const float* sums, float* dtable) {
  const Range range = exec.share(cells, kFlatGrain);
  each_piece(range.begin, range.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec sum = load(sums, piece);
    for (int64_t chunk = 1; chunk < chunks; ++chunk) {
      sum = sum + load(sums + chunk * cells, piece);
    }
    store(sum, dtable, piece);
  });
}

}  // namespace

void embedding(const Exec& exec, const EmbeddingShape& shape, const int32_t* ids,
               const float* table, float* y) {
  const int64_t columns = shape.columns;
  const Range range = exec.share(shape.count * columns, kFlatGrain);
  each_row_part(range, columns, [&](int64_t row, int64_t column, int64_t length) {
    float* to = y + row * columns + column;
    if (!valid(ids[row], shape.vocabulary)) {
      for (int64_t j = 0; j < length; ++j) to[j] = NAN;
      return;
    }
    const float* from = table + ids[row] * columns + column;
    each_piece(0, length,
               [&](Piece piece) BRASA_INLINE_LAMBDA { store(load(from, piece), to, piece); });
  });
}

// Tasks are blocks of columns of ranges of rows of chunks of ids, those of one chunk side by side: a thread
// reads whole rows of dy where it has a chunk to itself. Rows are cut only where there is no task for every
// thread: each range looks at all ids of its chunk. No cut changes the order in which a sum is made.
void embedding_backward(const Exec& exec, const EmbeddingShape& shape, const float* dy,
                        const int32_t* ids, float* dtable) {
  const int64_t count = shape.count, vocabulary = shape.vocabulary, columns = shape.columns;
  const int64_t blocks = (columns + kBlock - 1) / kBlock, chunks = embedding_chunks(shape);
  const int64_t ranges = (exec.threads + chunks * blocks - 1) / (chunks * blocks);
  float* sums = chunks == 1 ? dtable : reinterpret_cast<float*>(exec.scratch);
  const Range tasks = exec.share(chunks * ranges * blocks);
  each_row_part(tasks, blocks, [&](int64_t row, int64_t block, int64_t length) {
    const int64_t chunk = row / ranges, range = row % ranges, end = (block + length) * kBlock;
    Part part;
    part.first_id = count * chunk / chunks;
    part.last_id = count * (chunk + 1) / chunks;
    part.first_row = vocabulary * range / ranges;
    part.last_row = vocabulary * (range + 1) / ranges;
    part.begin = block * kBlock;
    part.end = end < columns ? end : columns;
    add_rows(columns, part, dy, ids, sums + chunk * vocabulary * columns);
  });
  if (chunks == 1) return;
  exec.barrier();
  add_tables(exec, vocabulary * columns, chunks, sums, dtable);
}

void one_hot(const Exec& exec, const EmbeddingShape& shape, const int32_t* ids, float* y) {
  const int64_t depth = shape.vocabulary;
  const Range range = exec.share(shape.count * depth, kFlatGrain);
  each_row_part(range, depth, [&](int64_t row, int64_t column, int64_t length) {
    float* to = y + row * depth + column;
    memset(to, 0, static_cast<size_t>(length) * sizeof(float));
    const int64_t at = ids[row] - column;
    if (at >= 0 && at < length) to[at] = 1.f;
  });
}

}  // namespace brasa::cpu::BRASA_ISA
