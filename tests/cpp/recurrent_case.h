// Operands of the recurrent ops with guard pages around each.
#pragma once

#include "harness.h"
#include "ops/recurrent.h"

namespace brasa::test {

// Weights small enough that no error grows from step to step. Every third step is masked.
struct RecurrentOperands {
  Input<float> x, w, u, b, h0, c0, mask, dy, dh, dc;
  bool all;  // or none of the optional ones

  RecurrentOperands(const RecurrentShape& s, int64_t gates, int64_t biases, bool with_all)
      : x(random_values(s.N * s.T * s.D, 1)),
        w(of_size(s.D * gates * s.U, 2, 1, s.D)),
        u(of_size(s.U * gates * s.U, 3, 0.5f, s.U)),
        b(random_values(biases * gates * s.U, 4)),
        h0(random_values(s.N * s.U, 5)),
        c0(random_values(s.N * s.U, 6)),
        mask(zeros_and_ones(s.N * s.T)),
        dy(random_values(s.N * s.T * s.U, 8)),
        dh(random_values(s.N * s.U, 9)),
        dc(random_values(s.N * s.U, 10)),
        all(with_all) {}

  RecurrentInputs inputs() const {
    return {x.data(),        w.data(),        u.data(),         b.data_if(all),
            h0.data_if(all), c0.data_if(all), mask.data_if(all)};
  }
  RecurrentSlopes slopes(const float* saved) const {
    return {dy.data(), dh.data_if(all), dc.data_if(all), saved,
            x.data(),  w.data(),        u.data(),        mask.data_if(all)};
  }

 private:
  static Values of_size(int64_t count, uint32_t stream, float gain, int64_t length) {
    const float size = gain / std::sqrt(static_cast<float>(length));
    return random_values(count, stream, -size, size);
  }
  static Values zeros_and_ones(int64_t count) {
    Values values = random_values(count, 7, -1.f, 2.f);
    for (float& value : values) value = value > 0 ? 1.f : 0.f;
    return values;
  }
};

// Sums of D + U products of size 1 for the gates, of N * T for the weights' gradients.
inline double recurrent_bound(const RecurrentShape& s, float want) {
  const double terms =
      8 + std::sqrt(static_cast<double>(s.D + 4 * s.U)) + std::sqrt(static_cast<double>(s.N * s.T));
  return 4 * terms * kU * (1 + std::abs(want));
}

// Sizes around the panels of 8, 16 and 32 units, the tiles of 6 and 9 rows and the blocks of sums.
inline std::vector<RecurrentShape> recurrent_shapes() {
  return {{1, 1, 1, 1, false},   {3, 4, 5, 7, true},     {6, 3, 2, 8, false},
          {7, 3, 9, 9, true},    {2, 2, 16, 15, false},  {9, 2, 3, 16, false},
          {5, 4, 17, 17, true},  {13, 2, 1, 31, false},  {4, 3, 8, 33, false},
          {1, 5, 6, 65, false},  {101, 7, 3, 5, false},  {19, 60, 4, 3, true},
          {2, 2, 330, 2, false}, {2, 2, 3, 340, false},  {3, 0, 2, 5, false},
          {0, 3, 2, 5, false},   {200, 2, 130, 6, false}};
}

}  // namespace brasa::test
