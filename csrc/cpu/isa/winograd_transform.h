// Winograd's F(4x4, 3x3): 16 outputs of a 3x3 correlation from 36 products instead of 144.
//
// In one dimension the product of the polynomials u (4 coefficients) and g (3) has 6 coefficients. It
// is known from its values u(a) g(a) at five points a and from its leading coefficient u3 g2, the value
// "at infinity". With M(x) the product of all (x - a), and f(a) the product of (a - a') over the
// other points,
//   u g = sum over a of u(a) g(a) M(x) / ((x - a) f(a))  +  u3 g2 M(x).
// That is linear in u. Transposed, it gives the correlation y[i] = sum of d[i + k] g[k]:
//   y = A' ((G g) * (B' d))      columns of A'  (1 a a^2 a^3), last (0 0 0 1)
//                                rows of G      (1 a a^2) / f(a), last (0 0 1)
//                                rows of B'     the coefficients of M(x) / (x - a), last those of M(x)
// and in two dimensions, the transform along both, Y = A' ((G g G') * (B' d B)) A.
// With the points 0, 1, -1, 1/2, -2:  M = x^5 + 3/2 x^4 - 2 x^3 - 3/2 x^2 + x,  f = 1, 3, -3, -15/16, 15
//
//        1 -3/2   -2  3/2  1  0          1      0      0
//        0   -1  1/2  5/2  1  0         1/3    1/3    1/3         1  1  1   1   1  0
//   B' = 0    1 -5/2  1/2  1  0   G =  -1/3    1/3   -1/3    A' = 0  1 -1  1/2 -2  0
//        0   -2   -1    2  1  0       -16/15  -8/15  -4/15        0  1  1  1/4  4  0
//        0  1/2   -1 -1/2  1  0        1/15   -2/15   4/15        0  1 -1  1/8 -8  1
//        0    1 -3/2   -2 3/2 1          0      0      1
//
// The adjoint with respect to g is the weight gradient, F(3x3, 4x4):
//   dg = G' ((A dy A') * (B' d B)) G.
// With these points the rounding errors are about 2/3 of those with 0, +-1, +-2.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {

constexpr int kWinogradIn = 6, kWinogradOut = 4, kWinogradFilter = 3;
constexpr int kFrequencies = kWinogradIn * kWinogradIn;

namespace {

// B' d
BRASA_INLINE void transform_line(const Vec (&d)[6], Vec (&v)[6]) {
  const Vec half = Vec::all(.5f), two = Vec::all(2.f), one_half = Vec::all(1.5f);
  const Vec two_half = Vec::all(2.5f), odd = d[3] - d[1], even = d[4] - d[2];
  v[0] = fnma(two, d[2], fma(one_half, odd, d[0] + d[4]));
  v[1] = fma(two_half, d[3], fma(half, d[2], d[4] - d[1]));
  v[2] = fma(half, d[3], fnma(two_half, d[2], d[4] + d[1]));
  v[3] = fma(two, odd, even);
  v[4] = fnma(half, odd, even);
  v[5] = fnma(two, d[3], fma(one_half, even, d[1] + d[5]));
}

// G g
BRASA_INLINE void transform_line(const Vec (&g)[3], Vec (&u)[6]) {
  const Vec half = Vec::all(.5f), ends = g[0] + g[2];
  u[0] = g[0];
  u[1] = Vec::all(1.f / 3.f) * (ends + g[1]);
  u[2] = Vec::all(-1.f / 3.f) * (ends - g[1]);
  u[3] = Vec::all(-16.f / 15.f) * fma(half, fma(half, g[2], g[1]), g[0]);
  u[4] = Vec::all(1.f / 15.f) * fma(Vec::all(4.f), g[2], fnma(Vec::all(2.f), g[1], g[0]));
  u[5] = g[2];
}

// A dy
BRASA_INLINE void transform_line(const Vec (&y)[4], Vec (&v)[6]) {
  const Vec even = y[0] + y[2], odd = y[1] + y[3], half = Vec::all(.5f), two = Vec::all(2.f);
  v[0] = y[0];
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = fma(half, fma(half, fma(half, y[3], y[2]), y[1]), y[0]);
  v[4] = fnma(two, fnma(two, fnma(two, y[3], y[2]), y[1]), y[0]);
  v[5] = y[3];
}

// A' m
BRASA_INLINE void transform_line(const Vec (&m)[6], Vec (&y)[4]) {
  const Vec even = m[1] + m[2], odd = m[1] - m[2];
  y[0] = (m[0] + even) + (m[3] + m[4]);
  y[1] = fnma(Vec::all(2.f), m[4], fma(Vec::all(.5f), m[3], odd));
  y[2] = fma(Vec::all(4.f), m[4], fma(Vec::all(.25f), m[3], even));
  y[3] = fnma(Vec::all(8.f), m[4], fma(Vec::all(.125f), m[3], odd + m[5]));
}

// G' m
BRASA_INLINE void transform_line(const Vec (&m)[6], Vec (&g)[3]) {
  const Vec third = Vec::all(1.f / 3.f), difference = m[1] - m[2];
  const Vec c3 = Vec::all(4.f / 15.f), c4 = Vec::all(1.f / 15.f);
  g[0] = fma(third, difference, fma(c4, fnma(Vec::all(16.f), m[3], m[4]), m[0]));
  g[1] = fnma(c3 * Vec::all(.5f), fma(Vec::all(4.f), m[3], m[4]), third * (m[1] + m[2]));
  g[2] = fma(third, difference, fma(c3, m[4] - m[3], m[5]));
}

// Both dimensions: reads in(i, j) for i, j < In, and gives each element to out(i, j, value).
template <int In, int Out, class Read, class Write>
BRASA_INLINE void transform_square(Read in, Write out) {
  Vec half[Out][In];
  BRASA_UNROLL_ALL
  for (int j = 0; j < In; ++j) {
    Vec from[In], to[Out];
    BRASA_UNROLL_ALL
    for (int i = 0; i < In; ++i) from[i] = in(i, j);
    transform_line(from, to);
    BRASA_UNROLL_ALL
    for (int i = 0; i < Out; ++i) half[i][j] = to[i];
  }
  BRASA_UNROLL_ALL
  for (int i = 0; i < Out; ++i) {
    Vec to[Out];
    transform_line(half[i], to);
    BRASA_UNROLL_ALL
    for (int j = 0; j < Out; ++j) out(i, j, to[j]);
  }
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
