// y[k] = x[k,:] over its other axes. What is reduced is cut into chunks by the shape alone; each leaves a y of
// its own, and these are combined in order.
#include "cpu/isa/kernels.h"
#include "cpu/isa/reduce_columns.h"
#include "cpu/isa/reduce_runs.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// So many chunks are combined one by one, then what they gave.
constexpr int64_t kSomeChunks = 16;

template <Term term>
void reduce_all(const Exec& exec, const ReduceShape& s, const Terms& of, float* y) {
  const Sizes n = sizes_of(s);
  const Finish finish = {s.kind == ReduceKind::kMean, s.write == Write::kAdd,
                         static_cast<float>(n.reduced)};
  float* parts = reinterpret_cast<float*>(exec.scratch);
  const Results to = n.chunks > 1 ? Results{parts, {false, false, 0.f}} : Results{y, finish};
  if (s.columns) {
    reduce_to_rows<term>(exec, s, of, to);
  } else {
    reduce_each<term>(exec, s, of, to);
  }
  if (n.chunks == 1) return;
  exec.barrier();
  const Range mine = exec.share(n.kept, kGroup);
  each_piece(mine.begin, mine.end, [&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec total = Vec::all(start<term>());
    for (int64_t chunk = 0; chunk < n.chunks;) {
      const int64_t end = chunk + kSomeChunks < n.chunks ? chunk + kSomeChunks : n.chunks;
      Vec some = load(parts + chunk * n.kept, piece);
      for (++chunk; chunk < end; ++chunk) {
        some = combine<term>(some, load(parts + chunk * n.kept, piece));
      }
      total = combine<term>(total, some);
    }
    store(finish(total, y, piece), y, piece);
  });
}

}  // namespace

void reduce(const Exec& exec, const ReduceShape& s, const float* x, const float* factor, float* y) {
  if (extent_of(s.extents, 0, s.kept) == 0) return;
  const int64_t step = s.factor[s.columns ? s.kept - 1 : s.axes - 1];
  with_term(s.kind, factor, step,
            [&](auto tag) { reduce_all<decltype(tag)::term>(exec, s, {x, factor}, y); });
}

int64_t reduce_workspace(const ReduceShape& s) {
  const Sizes n = sizes_of(s);
  return n.chunks > 1 ? n.chunks * n.kept * static_cast<int64_t>(sizeof(float)) : 0;
}

}  // namespace brasa::cpu::BRASA_ISA
