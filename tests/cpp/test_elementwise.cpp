#include <memory>

#include "harness.h"

namespace brasa::test {
namespace {

// Exact: the contract names the order, and each operation rounds once.
BRASA_TEST(add_equals_the_reference) {
  for (const int64_t count : lengths()) {
    for (const int addends : {1, 2, 3, 5, kMaxAddends}) {
      for (const bool in_place : {false, true}) {
        if (count > 5000 && addends > 3) continue;
        const auto kind = in_place ? ActivationKind::kRelu : ActivationKind::kNone;
        const Case name("count ", count, " addends ", addends, in_place ? " in place" : "");
        std::vector<std::unique_ptr<Input<float>>> x;
        for (int j = 0; j < addends; ++j) {
          x.push_back(std::make_unique<Input<float>>(random_values(count, 1 + j, -9.f, 9.f)));
        }
        check_tables(
            [&](const Run& run) {
              const int own = addends - 1;  // the addend that y replaces
              const Guarded<float> y =
                  in_place ? Guarded<float>(x[own]->values()) : Guarded<float>(count);
              Addends terms{addends, {}};
              for (int j = 0; j < addends; ++j) terms.x[j] = x[j]->data();
              if (in_place) terms.x[own] = y.data();
              run(0, [&](const Exec& exec) {
                run.table.add(exec, count, terms, {kind, 0}, y.data());
              });
              return y.values();
            },
            kExact);
      }
    }
  }
}

void check_bias(const AddBiasShape& s, bool in_place) {
  const Case name("rows ", s.rows, " columns ", s.columns, in_place ? " in place" : "");
  const Values xs = random_values(s.rows * s.columns, 1, -9.f, 9.f);
  const Input<float> x(xs), b(random_values(s.columns, 2));
  check_tables(
      [&](const Run& run) {
        const Guarded<float> y = in_place ? Guarded<float>(xs) : Guarded<float>(s.rows * s.columns);
        const float* from = in_place ? y.data() : x.data();
        run(0, [&](const Exec& exec) { run.table.add_bias(exec, s, from, b.data(), y.data()); });
        return y.values();
      },
      [&](size_t, float want) {  // of elu 4 ulp, each at most 2 u
        return s.activation.kind == ActivationKind::kElu ? 8 * kU * std::abs(want) + kTiny : 0;
      });
}

// Rows that fill no vector, some, and all of them; lines of them that end anywhere.
BRASA_TEST(add_bias_equals_the_reference) {
  for (const int64_t rows : {0, 1, 2, 3, 64, 1009}) {
    for (const int64_t columns : {0, 1, 2, 3, 5, 8, 15, 16, 17, 24, 33, 63, 64, 65, 100}) {
      check_bias({rows, columns, {ActivationKind::kNone, 0}}, false);
      check_bias({rows, columns, {ActivationKind::kRelu, 0}}, true);
    }
  }
  check_bias({3, 50021, {ActivationKind::kLeakyRelu, 0.1f}}, true);
  check_bias({3, 50021, {ActivationKind::kElu, 0.7f}}, true);
}

BRASA_TEST(multiply_equals_the_reference) {
  for (const int64_t count : lengths()) {
    for (const int alias : {0, 1, 2}) {  // y is new, a, or both a and b
      const Case name("count ", count, " alias ", alias);
      const Values as = random_values(count, 1), bs = random_values(count, 2);
      const Input<float> a(as), b(bs);
      check_tables(
          [&](const Run& run) {
            const Guarded<float> y = alias > 0 ? Guarded<float>(as) : Guarded<float>(count);
            const float* left = alias > 0 ? y.data() : a.data();
            const float* right = alias > 1 ? y.data() : b.data();
            run(0,
                [&](const Exec& exec) { run.table.multiply(exec, count, left, right, y.data()); });
            return y.values();
          },
          kExact);
    }
  }
}

BRASA_TEST(scale_equals_the_reference) {
  for (const int64_t count : lengths()) {
    for (const bool in_place : {false, true}) {
      for (const float offset : {0.0f, 0.7f}) {
        const Case name("count ", count, in_place ? " in place" : "", " offset ", offset);
        const Values xs = random_values(count, 1);
        const Input<float> x(xs);
        // The product and the sum are rounded apart where there is no fused instruction; both are
        // below 1.3 * |x| + offset, and |x| < 8.
        const double error = offset == 0 ? 0 : 2 * kU * (1.3 * 8 + double{offset});
        check_tables(
            [&](const Run& run) {
              const Guarded<float> y = in_place ? Guarded<float>(xs) : Guarded<float>(count);
              const float* from = in_place ? y.data() : x.data();
              run(0, [&](const Exec& exec) {
                run.table.scale(exec, count, 1.3f, offset, from, y.data());
              });
              return y.values();
            },
            [&](size_t, float) { return error; });
      }
    }
  }
}

void check_copy(const CopyRowsShape& s) {
  const Case name("rows ", s.rows, " columns ", s.columns, " strides ", s.src_stride, " to ",
                  s.dst_stride);
  // The last row ends with its columns, not with its stride.
  const auto extent = [&](int64_t stride) {
    return s.rows == 0 || s.columns == 0 ? 0 : (s.rows - 1) * stride + s.columns;
  };
  const Input<float> src(random_values(extent(s.src_stride), 1));
  const Values before = random_values(extent(s.dst_stride), 2);  // survives between the rows
  check_tables(
      [&](const Run& run) {
        const Guarded<float> dst(before);
        run(0, [&](const Exec& exec) { run.table.copy_rows(exec, s, src.data(), dst.data()); });
        return dst.values();
      },
      kExact);
}

BRASA_TEST(copy_rows_equals_the_reference) {
  for (const int64_t rows : {0, 1, 2, 3, 64, 1009}) {
    for (const int64_t columns : {0, 1, 3, 4, 7, 8, 9, 16, 17, 33, 100}) {
      check_copy({rows, columns, columns, columns});
      check_copy({rows, columns, columns + 5, columns});
      check_copy({rows, columns, columns, columns + 3});
      check_copy({rows, columns, columns + 1, columns + 8});
    }
  }
  check_copy({3, 50021, 50021, 50022});
}

// Groups of rows, each in the opposite order.
BRASA_TEST(copy_rows_of_groups_equals_the_reference) {
  for (const int64_t groups : {0, 1, 2, 5}) {
    for (const int64_t rows : {1, 3, 8}) {
      for (const int64_t columns : {1, 4, 7, 64}) {
        const Case name("groups ", groups, " rows ", rows, " columns ", columns);
        const int64_t size = rows * columns;
        const Input<float> src(random_values(groups * size, 1));
        check_tables(
            [&](const Run& run) {
              const Guarded<float> dst(groups * size);
              run(0, [&](const Exec& exec) {
                run.table.copy_rows(exec, {rows, columns, -columns, columns, groups, size, size},
                                    src.data() + (size - columns), dst.data());
              });
              return dst.values();
            },
            kExact);
      }
    }
  }
}

BRASA_TEST(place_rows_equals_the_reference) {
  for (const int64_t rows : {0, 1, 3, 509}) {
    for (const int64_t columns : {0, 1, 4, 7, 16}) {
      for (const int64_t first : {0, 1, 4, 8}) {
        for (const int64_t after : {0, 1, 4, 100}) {
          const PlaceRowsShape s{rows, columns, first + columns + after, first};
          const Case name("rows ", rows, " columns ", columns, " first ", first, " of ", s.width);
          const Input<float> src(random_values(rows * columns, 1));
          check_tables(
              [&](const Run& run) {
                const Guarded<float> dst(rows * s.width);
                run(0, [&](const Exec& exec) {
                  run.table.place_rows(exec, s, src.data(), dst.data());
                });
                return dst.values();
              },
              kExact);
        }
      }
    }
  }
}

}  // namespace
}  // namespace brasa::test
