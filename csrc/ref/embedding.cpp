#include <cmath>

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

bool valid(int32_t id, int64_t vocabulary) { return id >= 0 && id < vocabulary; }

}  // namespace

void embedding(const Exec& exec, const EmbeddingShape& shape, const int32_t* ids,
               const float* table, float* y) {
  if (exec.thread != 0) return;
  const auto [count, vocabulary, columns] = shape;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      y[i * columns + j] = valid(ids[i], vocabulary) ? table[ids[i] * columns + j] : NAN;
    }
  }
}

// One element of dtable at a time, so that its sum can be a double.
void embedding_backward(const Exec& exec, const EmbeddingShape& shape, const float* dy,
                        const int32_t* ids, float* dtable) {
  if (exec.thread != 0) return;
  const auto [count, vocabulary, columns] = shape;
  for (int64_t v = 0; v < vocabulary; ++v) {
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < count; ++i) {
        if (ids[i] == v) sum += dy[i * columns + j];
      }
      dtable[v * columns + j] = static_cast<float>(sum);
    }
  }
}

void one_hot(const Exec& exec, const EmbeddingShape& shape, const int32_t* ids, float* y) {
  if (exec.thread != 0) return;
  for (int64_t i = 0; i < shape.count; ++i) {
    for (int64_t j = 0; j < shape.vocabulary; ++j) {
      y[i * shape.vocabulary + j] = ids[i] == j ? 1.f : 0.f;
    }
  }
}

}  // namespace brasa::ref
