// Computes  embedding           y[i,:] = table[ids[i],:]
//           embedding_backward  dtable[v,:] = sum of dy[i,:] over all i with ids[i] = v
//           one_hot             y[i,j] = ids[i] == j ? 1 : 0         the embedding by an identity matrix
// Layout    ids (count,) int32; table, dtable (vocabulary, columns); y, dy (count, columns). In one_hot y
//           is (count, vocabulary), and columns is vocabulary.
// Writes    y and dtable are overwritten, dtable with zeros where no id points.
// Edges     Ids lie in [0, vocabulary): the front end sees to it. Data may change after that check, so
//           other ids are no licence to touch foreign memory: their rows of y are NaN (in one_hot 0),
//           their rows of dy are left out.
// Order     The ids are cut into chunks by the shape alone (embedding_chunks). A chunk adds its rows of dy
//           one after the other, and the sums of the chunks are added in order.
// Scratch   embedding_backward_workspace(shape) bytes.
// Assumes   Buffers do not overlap.
#pragma once

#include "core/exec.h"

namespace brasa {

struct EmbeddingShape {
  int64_t count, vocabulary, columns;
};

using Embedding = void (*)(const Exec&, const EmbeddingShape&, const int32_t* ids,
                           const float* table, float* y);
using EmbeddingBackward = void (*)(const Exec&, const EmbeddingShape&, const float* dy,
                                   const int32_t* ids, float* dtable);
using OneHot = void (*)(const Exec&, const EmbeddingShape&, const int32_t* ids, float* y);

// Into how many parts the sum over the ids is cut. Each part has a table of its own: as many as give every
// thread one and fit into a core's second-level cache together, and not so many that adding them up costs
// more than an eighth of what they add.
constexpr int64_t embedding_chunks(const EmbeddingShape& s) {
  constexpr int64_t kMost = 64, kMinRows = 1024, kTableFloats = int64_t{1} << 18;
  const int64_t cells = s.vocabulary * s.columns;
  const int64_t rows = s.vocabulary > kMinRows / 8 ? s.vocabulary * 8 : kMinRows;
  int64_t chunks = cells == 0 || cells > kTableFloats ? 1 : kTableFloats / cells;
  if (s.count / rows < chunks) chunks = s.count / rows;
  if (kMost < chunks) chunks = kMost;
  return chunks < 1 ? 1 : chunks;
}

// One table for each chunk; a single chunk needs none beside dtable.
constexpr int64_t embedding_backward_workspace(const EmbeddingShape& s) {
  const int64_t chunks = embedding_chunks(s);
  return chunks == 1 ? 0 : chunks * s.vocabulary * s.columns * static_cast<int64_t>(sizeof(float));
}

}  // namespace brasa
