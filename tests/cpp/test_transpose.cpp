#include "harness.h"
#include "ops/registry.h"

namespace brasa::test {
namespace {

struct Turn {
  Shape x;
  std::vector<int64_t> axes;
};

// Matrices of whole squares and of parts; images to channels first and back; rows that stay whole; planes whose
// axes are not neighbours; as many axes as there can be; nothing to move, one element, none.
const std::vector<Turn>& turns() {
  static const std::vector<Turn> all = {
      {{64, 128}, {1, 0}},
      {{3, 1}, {1, 0}},
      {{67, 129}, {1, 0}},
      {{2, 9, 7, 3}, {0, 3, 1, 2}},
      {{2, 3, 9, 17}, {0, 2, 3, 1}},
      {{5, 33, 6}, {1, 0, 2}},
      {{3, 5, 70}, {2, 1, 0}},
      {{4, 3, 1500}, {1, 0, 2}},
      {{7, 6, 5, 4}, {2, 0, 3, 1}},
      {{2, 1, 3, 1, 2, 2, 3, 2}, {7, 2, 5, 1, 0, 4, 6, 3}},
      {{4, 1, 5}, {1, 0, 2}},
      {{40, 50}, {0, 1}},
      {{1, 1}, {1, 0}},
      {{3, 0, 4}, {2, 0, 1}},
      {{}, {}},
  };
  return all;
}

BRASA_TEST(transpose_equals_the_reference) {
  for (const Turn& turn : turns()) {
    const Case name("transpose ", turn.x);
    Attributes attributes;
    attributes.set("axes", turn.axes);
    const Input<float> x(random_values(turn.x.elements(), 1, -9.f, 9.f));
    check_tables(
        [&](const Run& run) {
          const Call call = prepare(find_op("transpose"), attributes, {{DType::kFloat32, turn.x}},
                                    run.table, run.threads);
          const Guarded<float> y(turn.x.elements());
          run(0, [&](const Exec& exec) {
            run.table.transpose(exec, call.get<TransposeShape>(), x.data(), y.data());
          });
          return y.values();
        },
        kExact);
  }
}

}  // namespace
}  // namespace brasa::test
