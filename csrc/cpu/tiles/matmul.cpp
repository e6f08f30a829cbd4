#include "cpu/tiles/kernels.h"
#include "cpu/tiles/product.h"

namespace brasa::cpu::BRASA_ISA {

void matmul(const Exec& exec, const MatmulShape& s, const float* a, const float* b,
            const float* bias, float* c) {
  const Room room(s.m, s.n, s.k, s.precision);
  Exec team = exec;
  Range mine = {0, s.batch};
  if (s.batch > 1 && s.batch >= exec.threads) {
    // Each thread multiplies some of the matrices, alone.
    mine = exec.share(s.batch);
    team.thread = 0;
    team.threads = 1;
    team.scratch += exec.thread * room.bytes(1);
  }
  Product p = {};
  p.m = s.m, p.n = s.n, p.k = s.k;
  p.add = s.write == Write::kAdd;
  p.bias = bias;
  p.activation = s.activation;
  int64_t turn = 0;
  for (int64_t i = mine.begin; i < mine.end; ++i) {
    p.a = {a + i * s.a_step, s.transpose_a ? s.m : s.k, !s.transpose_a};
    p.b = {b + i * s.b_step, s.transpose_b ? s.k : s.n, s.transpose_b};
    p.c = {c + i * s.m * s.n, 1, 1, s.n, 0, 0};
    multiply(team, p, s.precision, room, &turn);
  }
}

int64_t matmul_workspace(const MatmulShape& s, int threads) {
  const Room room(s.m, s.n, s.k, s.precision);
  return s.batch > 1 ? threads * room.bytes(1) : room.bytes(threads);
}

}  // namespace brasa::cpu::BRASA_ISA
