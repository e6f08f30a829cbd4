// sin and cos over all floats, without a frame: CUDA's own keep the digits of 1 / pi for large numbers in one, which
// every launch of a kernel with them pays for.
#pragma once

#include <cmath>
#include <cstdint>

namespace brasa::cuda {

// x = r + n * pi / 2, |r| <= pi / 4; n modulo 4 counts.
struct Turned {
  double r;
  int64_t n;
};

// For x below 2^24: n times the first part of pi / 2 is as exact as fma makes it.
__device__ __forceinline__ Turned turned_near(double x) {
  const double n = rint(x * 0x1.45f306dc9c883p-1);
  const double r = fma(-n, 0x1.921fb54442d18p+0, x);
  return {fma(-n, 0x1.1a62633145c07p-54, r), static_cast<int64_t>(n)};
}

// For x = m 2^e, m whole, 24 bits, 1 <= e <= 104. The bits of 1 / (2 pi) before place e give whole turns; the 96
// behind them give the fraction of a turn to 2^-72.
__device__ __forceinline__ Turned turned_far(float x) {
  int e = ilogbf(x) - 23;
  const uint64_t m = static_cast<uint64_t>(ldexpf(x, -e));
  uint64_t word[] = {0x28be60db, 0x9391054a, 0x7f09d5f4, 0x7d4d3770,
                     0x36d8a566, 0x4f10e410, 0x7f9458ea};
  for (int skipped = 0; skipped < 3; ++skipped) {
    const bool skips = e >= 32;
    if (skips) e -= 32;
    for (int i = 0; i < 6; ++i) word[i] = skips ? word[i + 1] : word[i];
  }
  uint64_t part[3];
  for (int i = 0; i < 3; ++i) part[i] = ((word[i] << 32 | word[i + 1]) << e) >> 32;
  const uint64_t low = m * part[2], middle = m * part[1] + (low >> 32);
  const uint64_t high = m * part[0] + (middle >> 32);
  const uint64_t turn = high << 32 | (middle & 0xffffffff);  // in units of 2^-64
  const uint64_t n = (turn + (uint64_t{1} << 61)) >> 62;
  const auto rest = static_cast<int64_t>(turn - (n << 62));
  return {static_cast<double>(rest) * 0x1.921fb54442d18p-62, static_cast<int64_t>(n)};
}

// sin(x) for quarters 0, cos(x), which is sin(x + pi / 2), for 1.
__device__ __forceinline__ float wave(float x, int quarters) {
  const float size = fabsf(x);
  if (!(size < INFINITY)) return x - x;
  Turned t = size < 0x1p24f ? turned_near(size) : turned_far(size);
  if (x < 0.f) t = {-t.r, -t.n};
  const auto r = static_cast<float>(t.r);
  const float z = r * r;
  float odd = 0x1.6db7b8p-19f;  // sin(r) = r + r^3 * odd
  odd = fmaf(odd, z, -0x1.a01394p-13f);
  odd = fmaf(odd, z, 0x1.11110ep-7f);
  odd = fmaf(fmaf(odd, z, -0x1.555556p-3f), r * z, r);
  float even = 0x1.9bd218p-16f;  // cos(r) = 1 - r^2 / 2 + r^4 * even
  even = fmaf(even, z, -0x1.6c12c6p-10f);
  even = fmaf(fmaf(even, z, 0x1.555554p-5f), z * z, fmaf(z, -0.5f, 1.f));
  const int64_t turns = t.n + quarters;
  const float wave = (turns & 1) != 0 ? even : odd;
  return (turns & 2) != 0 ? -wave : wave;
}

}  // namespace brasa::cuda
