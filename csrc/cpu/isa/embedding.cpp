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

// Columns [begin, end) of the sums of one chunk of ids.
struct Part {
  int64_t first_id, last_id, begin, end;
};

void add_rows(const EmbeddingShape& shape, const Part& part, const float* dy, const int32_t* ids,
              float* sums) {
  const int64_t columns = shape.columns;
  const size_t bytes = static_cast<size_t>(part.end - part.begin) * sizeof(float);
  if (part.end - part.begin == columns) {
    memset(sums, 0, bytes * static_cast<size_t>(shape.vocabulary));
  } else {
    for (int64_t v = 0; v < shape.vocabulary; ++v)
      memset(sums + v * columns + part.begin, 0, bytes);
  }
  for (int64_t i = part.first_id; i < part.last_id; ++i) {
    if (!valid(ids[i], shape.vocabulary)) continue;
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

// Tasks are blocks of columns of chunks of ids, those of one chunk side by side: a thread reads whole rows
// of dy where it has a chunk to itself.
void embedding_backward(const Exec& exec, const EmbeddingShape& shape, const float* dy,
                        const int32_t* ids, float* dtable) {
  const int64_t columns = shape.columns, blocks = (columns + kBlock - 1) / kBlock;
  const int64_t cells = shape.vocabulary * columns, chunks = embedding_chunks(shape);
  float* sums = chunks == 1 ? dtable : reinterpret_cast<float*>(exec.scratch);
  each_row_part(
      exec.share(chunks * blocks), blocks, [&](int64_t chunk, int64_t block, int64_t length) {
        const int64_t end = (block + length) * kBlock;
        const Part part = {shape.count * chunk / chunks, shape.count * (chunk + 1) / chunks,
                           block * kBlock, end < columns ? end : columns};
        add_rows(shape, part, dy, ids, sums + chunk * cells);
      });
  if (chunks == 1) return;
  exec.barrier();
  add_tables(exec, cells, chunks, sums, dtable);
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
