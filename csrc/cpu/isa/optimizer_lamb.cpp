#include <math.h>

#include "cpu/isa/kernels.h"
#include "cpu/isa/optimizer_first.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// d of the slots; both passes compute it, which is less traffic than to keep it.
struct Direction {
  Vec of_m, of_v, epsilon;

  Direction(const AdamShape& shape, double step)
      : of_m(Vec::all(static_cast<float>(1 / (1 - pow(shape.beta_1, step))))),
        of_v(Vec::all(static_cast<float>(1 / (1 - pow(shape.beta_2, step))))),
        epsilon(Vec::all(static_cast<float>(shape.epsilon))) {}

  BRASA_INLINE Vec operator()(Vec m, Vec v) const { return of_m * m / (sqrt(of_v * v) + epsilon); }
};

// f(what comes first): compiled once without and once with it, as most models have none.
template <class F>
BRASA_INLINE void with_first(const Shrink& shrink, double lr, F f) {
  if (shrink.any()) {
    f(Shrunk{Vec::all(static_cast<float>(lr * shrink.weight_decay)), Slope(shrink.l1, shrink.l2)});
  } else {
    f(AsTheyAre{});
  }
}

}  // namespace

// Two passes: the slots and both norms, chunk by chunk; then the parameters.
void lamb_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, float* m, float* v) {
  const int64_t count = shape.count, chunks = (count + kLambChunk - 1) / kLambChunk;
  const double lr = hyper[0];
  const Direction direction(shape, hyper[1]);
  const Vec new_1 = Vec::all(static_cast<float>(1 - shape.beta_1));
  const Vec new_2 = Vec::all(static_cast<float>(1 - shape.beta_2));
  double* squares = reinterpret_cast<double*>(exec.scratch);
  const Range mine = exec.share(chunks);
  with_first(shape.shrink, lr, [&](auto first) {
    for (int64_t chunk = mine.begin; chunk < mine.end; ++chunk) {
      const int64_t begin = chunk * kLambChunk, left = count - begin;
      Vec of_p = Vec::zero(), of_d = Vec::zero();
      each_piece(begin, begin + (left < kLambChunk ? left : kLambChunk),
                 [&](Piece piece) BRASA_INLINE_LAMBDA {
                   const Vec old = load(p, piece), gradient = first.gradient(load(g, piece), old);
                   const Vec m_old = load(m, piece), v_old = load(v, piece);
                   const Vec mean = fma(new_1, gradient - m_old, m_old);
                   const Vec square = fma(new_2, fma(gradient, gradient, -v_old), v_old);
                   store(mean, m, piece);
                   store(square, v, piece);
                   // Lanes past the piece are 0 in all of them, and so is d.
                   const Vec parameter = first.decayed(old), d = direction(mean, square);
                   of_p = fma(parameter, parameter, of_p);
                   of_d = fma(d, d, of_d);
                 });
      squares[2 * chunk] = double{sum(of_p)};
      squares[2 * chunk + 1] = double{sum(of_d)};
    }
  });
  exec.barrier();
  double of_p = 0, of_d = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    of_p += squares[2 * chunk];
    of_d += squares[2 * chunk + 1];
  }
  const double ratio = of_p > 0 && of_d > 0 ? ::sqrt(of_p / of_d) : 1;
  const Vec rate = Vec::all(static_cast<float>(lr * ratio));
  const Range range = exec.share(count, kFlatGrain);
  with_first(shape.shrink, lr, [&](auto first) {
    each_update(p, range, [&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec d = direction(load(m, piece), load(v, piece));
      store(fnma(rate, d, first.decayed(load(p, piece))), p, piece);
    });
  });
}

}  // namespace brasa::cpu::BRASA_ISA
