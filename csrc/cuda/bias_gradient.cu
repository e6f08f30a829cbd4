#include "cuda/columns.cuh"
#include "cuda/kernels.h"

namespace brasa::cuda {
namespace {

struct Single {
  int64_t columns;
  const float* dy;
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    return {double{dy[row * columns + column]}, 0};
  }
};

__global__ void sum_rows(ColumnChunks c, const float* dy, Out<double> parts) {
  const TwoSums sums = sum_chunk(c, Single{c.columns, dy});
  const int64_t column = int64_t{blockIdx.x} * kColumns + threadIdx.x;
  if (threadIdx.y == 0 && column < c.columns) parts[blockIdx.y * c.columns + column] = sums.first;
}

__global__ void add_chunks(ColumnChunks c, Write write, const double* parts, Out<float> db) {
  const int64_t column = flat_thread();
  if (column >= c.columns) return;
  double sum = write == Write::kAdd ? double{db[column]} : 0.0;
  for (int64_t chunk = 0; chunk < c.chunks; ++chunk) sum += parts[chunk * c.columns + column];
  db[column] = static_cast<float>(sum);
}

}  // namespace

void bias_gradient(const Exec& exec, int64_t rows, int64_t columns, Write write, const float* dy,
                   float* db) {
  if (columns == 0) return;
  const ColumnChunks c = column_chunks(rows, columns);
  double* parts = reinterpret_cast<double*>(exec.scratch);
  launch(exec, c.launch(), sum_rows, c, dy, parts);
  launch(exec, {dim3(static_cast<unsigned>(ceil_div(columns, 64))), 64}, add_chunks, c, write,
         parts, db);
}

int64_t bias_gradient_workspace(int64_t rows, int64_t columns) {
  return column_chunks(rows, columns).elements() * static_cast<int64_t>(sizeof(double));
}

}  // namespace brasa::cuda
