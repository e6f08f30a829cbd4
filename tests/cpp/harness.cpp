#include "harness.h"

#include <cstring>

#include "core/random.h"

namespace brasa::test {
namespace {

double distance(float got, float want) {
  if (std::isnan(got) && std::isnan(want)) return 0;
  if (got == want) return 0;  // infinities, too
  const double difference = std::abs(double{got} - double{want});
  return std::isnan(difference) ? INFINITY : difference;
}

bool same_bits(float a, float b) {
  return std::memcmp(&a, &b, sizeof(a)) == 0 || (std::isnan(a) && std::isnan(b));
}

void report(const char* what, size_t i, const Values& got, const Values& want, double bound) {
  std::ostringstream text;
  text.precision(9);
  text << what << " at " << i << " of " << want.size() << ": got " << got[i] << ", want "
       << want[i];
  if (bound > 0) text << ", differ by " << distance(got[i], want[i]) << ", allowed " << bound;
  report_failure(__FILE__, __LINE__, text.str());
}

}  // namespace

void check_close(const Values& got, const Values& want, const std::vector<double>& bounds) {
  CHECK_EQ(got.size(), want.size());
  if (got.size() != want.size()) return;
  size_t worst = want.size();
  double worst_excess = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    // The negation catches a bound that is NaN, too.
    const double off = distance(got[i], want[i]);
    if (off == 0 || off <= bounds[i]) continue;
    const double excess = off - bounds[i];
    if (worst == want.size() || excess > worst_excess) worst = i, worst_excess = excess;
  }
  if (worst < want.size()) report("differs from the reference", worst, got, want, bounds[worst]);
}

void check_same_bits(const Values& got, const Values& want) {
  CHECK_EQ(got.size(), want.size());
  if (got.size() != want.size()) return;
  for (size_t i = 0; i < want.size(); ++i) {
    if (same_bits(got[i], want[i])) continue;
    report("the thread count changes the result", i, got, want, 0);
    return;
  }
}

bool is_emulated_gpu(const OpTable& table) { return std::strcmp(table.name, "cuda_on_cpu") == 0; }

Values random_values(int64_t count, uint32_t stream, float low, float high) {
  Values values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const Philox random = philox(stream, static_cast<uint64_t>(i), 0);
    values[static_cast<size_t>(i)] = low + (high - low) * uniform01(random.word[0]);
  }
  return values;
}

Values absolute(Values values) {
  for (float& value : values) value = std::abs(value);
  return values;
}

Values joined(std::initializer_list<Values> parts) {
  Values all;
  for (const Values& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

const std::vector<int64_t>& lengths() {
  static const std::vector<int64_t> values = {0,   1,   3,   4,   5,    7,    8,     9,     15,
                                              16,  17,  31,  32,  33,   47,   63,    64,    65,
                                              127, 128, 129, 251, 1009, 4099, 16411, 65537, 100003};
  return values;
}

}  // namespace brasa::test
