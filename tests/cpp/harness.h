// Runs a kernel of every table and compares it with the reference.
#pragma once

#include <cmath>
#include <initializer_list>
#include <vector>

#include "backends.h"
#include "check.h"
#include "core/parallel.h"
#include "guarded.h"
#include "ref/table.h"

namespace brasa::test {

using Values = std::vector<float>;

// Tolerances are derived. u is the largest relative error of one float32 rounding: a sum of k
// products, added in any order, errs by at most (k + 1) * u * sum of |products|, to first order.
constexpr double kU = 0x1p-24;
// Results below the normal range may be flushed to zero.
constexpr double kTiny = 0x1p-126;
constexpr auto kExact = [](size_t, float) { return 0.0; };

// How a kernel runs: which table, how many threads.
struct Run {
  const OpTable& table;
  int threads;

  // Calls kernel(exec) on every thread of the team, with guarded scratch that holds NaN.
  template <class Kernel>
  void operator()(int64_t scratch_bytes, const Kernel& kernel) const {
    const GuardedBytes scratch(scratch_bytes, 64);
    struct Context {
      const OpTable* table;
      char* scratch;
      const Kernel* kernel;
    } context{&table, scratch.data(), &kernel};
    run_team(
        threads,
        [](void* opaque, int thread, int size, Team* team) {
          const Context& in = *static_cast<Context*>(opaque);
          (*in.kernel)(Exec{in.table, thread, size, team, in.scratch});
        },
        &context);
  }
};

// Each of `got` within bound(i, want[i]) of `want`; NaN equals NaN, infinities are exact.
void check_close(const Values& got, const Values& want, const std::vector<double>& bounds);
// The same bits, where any NaN equals any other.
void check_same_bits(const Values& got, const Values& want);

bool is_emulated_gpu(const OpTable& table);

// produce(run) returns the results of one run. The reference says what is wanted; every table must
// come within the bound with one thread, and give the same bits with two and three. The emulated GPU
// takes most of the time, and is asked for three alone.
template <class Produce, class Bound>
void check_tables(const Produce& produce, const Bound& bound) {
  const Values want = produce(Run{ref::table, 1});
  std::vector<double> bounds(want.size());
  for (size_t i = 0; i < want.size(); ++i) bounds[i] = bound(i, want[i]);
  for (const OpTable* table : available_tables()) {
    const Case name(table->name);
    const Values got = table == &ref::table ? want : produce(Run{*table, 1});
    check_close(got, want, bounds);
    for (const int threads : {2, 3}) {
      if (threads == 2 && is_emulated_gpu(*table)) continue;
      const Case team(threads, " threads");
      check_same_bits(produce(Run{*table, threads}), got);
    }
  }
}

// Uniform in [low, high); `stream` tells the operands of a case apart.
Values random_values(int64_t count, uint32_t stream, float low = -1.f, float high = 1.f);
Values absolute(Values values);
Values joined(std::initializer_list<Values> parts);

// Lengths around the vector widths of every instruction set (4 to 16 floats, and four vectors at a
// time), primes, and some long enough that three threads get a part each.
const std::vector<int64_t>& lengths();

}  // namespace brasa::test
