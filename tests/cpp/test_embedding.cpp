#include <algorithm>

#include "harness.h"

namespace brasa::test {
namespace {

std::vector<int32_t> random_ids(const EmbeddingShape& s) {
  const Values u = random_values(s.count, 3, 0.f, static_cast<float>(s.vocabulary));
  std::vector<int32_t> ids(u.begin(), u.end());
  for (int32_t& id : ids) id = std::min(id, static_cast<int32_t>(s.vocabulary) - 1);
  return ids;
}

Values forward(const Run& run, const EmbeddingShape& s, const std::vector<int32_t>& numbers) {
  const Input<int32_t> ids(numbers);
  const Input<float> table(random_values(s.vocabulary * s.columns, 1));
  const Guarded<float> y(s.count * s.columns);
  run(0,
      [&](const Exec& exec) { run.table.embedding(exec, s, ids.data(), table.data(), y.data()); });
  return y.values();
}

Values backward(const Run& run, const EmbeddingShape& s, const std::vector<int32_t>& numbers,
                const Values& slopes) {
  const Input<int32_t> ids(numbers);
  const Input<float> dy(slopes);
  const Guarded<float> dtable(s.vocabulary * s.columns);
  run(embedding_backward_workspace(s), [&](const Exec& exec) {
    run.table.embedding_backward(exec, s, dy.data(), ids.data(), dtable.data());
  });
  return dtable.values();
}

Values one_hot(const Run& run, const EmbeddingShape& s, const std::vector<int32_t>& numbers) {
  const Input<int32_t> ids(numbers);
  const Guarded<float> y(s.count * s.vocabulary);
  run(0, [&](const Exec& exec) { run.table.one_hot(exec, s, ids.data(), y.data()); });
  return y.values();
}

void check_embedding(const EmbeddingShape& s) {
  const Case name("count ", s.count, " vocabulary ", s.vocabulary, " columns ", s.columns);
  const std::vector<int32_t> ids = random_ids(s);
  check_tables([&](const Run& run) { return forward(run, s, ids); }, kExact);
  check_tables([&](const Run& run) { return one_hot(run, s, ids); }, kExact);
  const Values dy = random_values(s.count * s.columns, 2);
  // A sum of k terms errs by k roundings of the sum of their sizes, of which backward() makes those.
  const Run oracle = {ref::table, 1};
  const Values sizes = backward(oracle, s, ids, absolute(dy));
  const Values terms =
      backward(oracle, s, ids, Values(static_cast<size_t>(s.count * s.columns), 1.f));
  check_tables([&](const Run& run) { return backward(run, s, ids, dy); },
               [&](size_t i, float) { return kU * (double{terms[i]} + 1) * double{sizes[i]}; });
}

BRASA_TEST(embedding_equals_the_reference) {
  for (const int64_t columns : {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100}) {
    for (const int64_t vocabulary : {1, 2, 65}) {
      for (const int64_t count : {0, 1, 2, 63, 1000, 5003}) {
        check_embedding({count, vocabulary, columns});
      }
    }
  }
  check_embedding({257, 4099, 17});
  check_embedding({257, 4099, 5});  // a single block: threads share the rows of the table
  check_embedding({0, 2, 3});
  check_embedding({3001, 700, 16});
}

BRASA_TEST(embedding_sums_long_rows_in_chunks) {
  CHECK_EQ(embedding_chunks({1023, 65, 64}), 1);
  CHECK_EQ(embedding_chunks({5000, 65, 64}), 4);
  CHECK_EQ(embedding_chunks({1000000, 65, 64}), 63);
  CHECK_EQ(embedding_chunks({1000000, 50000, 64}), 1);
  CHECK_EQ(embedding_chunks({40000, 1000, 8}), 5);
  CHECK_EQ(embedding_chunks({0, 1, 1}), 1);
  CHECK_EQ(embedding_backward_workspace({5000, 65, 64}), 4 * 65 * 64 * 4);
}

// What may not come, but might: nothing outside the table is touched.
BRASA_TEST(embedding_survives_ids_out_of_range) {
  const EmbeddingShape s = {6, 3, 5};
  const std::vector<int32_t> ids = {0, -1, 3, INT32_MAX, INT32_MIN, 2};
  check_tables([&](const Run& run) { return forward(run, s, ids); }, kExact);
  check_tables([&](const Run& run) { return one_hot(run, s, ids); }, kExact);
  const Values ones(30, 1.f);
  check_tables([&](const Run& run) { return backward(run, s, ids, ones); }, kExact);
  const Run oracle = {ref::table, 1};
  const Values y = forward(oracle, s, ids), dtable = backward(oracle, s, ids, ones);
  for (size_t i = 0; i < 30; ++i) CHECK_EQ(std::isnan(y[i]), i >= 5 && i < 25);
  for (size_t i = 0; i < 15; ++i) CHECK_EQ(dtable[i], i < 5 || i >= 10 ? 1.f : 0.f);
}

}  // namespace
}  // namespace brasa::test
