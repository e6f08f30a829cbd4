#include "cuda/kernels.h"
#include "cuda/matrix.cuh"
#include "cuda/product.cuh"

namespace brasa::cuda {
namespace {

Division division_of(const MatmulShape& s) { return divide(s.batch, s.m, s.n, s.k); }

template <bool a_along, bool b_along>
void run(const Exec& exec, const MatmulShape& s, const float* a, const float* b, const float* bias,
         float* c) {
  // Of many products at most so many at once; the workspace, if any, is only needed for few.
  const Division d = division_of(s);
  const int64_t at_once = kMostLayers / d.splits;
  for (int64_t first = 0; first < s.batch; first += at_once) {
    const int64_t batch = s.batch - first < at_once ? s.batch - first : at_once;
    const Matrix<a_along> left{a + first * s.a_step, s.m, s.k, a_along ? s.k : s.m, s.a_step};
    const Matrix<b_along> right{b + first * s.b_step, s.n, s.k, b_along ? s.k : s.n, s.b_step};
    float* const to = c + first * s.m * s.n;
    const Result<PlainRows> result{
        to,        bias, s.activation, s.write, s.m, s.n,
        s.m * s.n, 0,    {s.n},        {},      1,   s.n % 4 == 0 && aligned16(to)};
    multiply(exec, batch, s.k, left, right, result, d);
  }
}

}  // namespace

void matmul(const Exec& exec, const MatmulShape& shape, const float* a, const float* b,
            const float* bias, float* c) {
  if (shape.transpose_a) {
    shape.transpose_b ? run<false, true>(exec, shape, a, b, bias, c)
                      : run<false, false>(exec, shape, a, b, bias, c);
  } else {
    shape.transpose_b ? run<true, true>(exec, shape, a, b, bias, c)
                      : run<true, false>(exec, shape, a, b, bias, c);
  }
}

int64_t matmul_workspace(const MatmulShape& shape, int) {
  return division_of(shape).workspace(shape.batch, shape.m, shape.n);
}

}  // namespace brasa::cuda
