// Several vectors side by side: neighbouring columns of a row, all in registers.
#pragma once

#include "cpu/isa/pieces.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// f(0), f(1) ... f(Count - 1) as straight code: an array indexed by the argument lives in registers.
template <int Count, class F>
BRASA_INLINE void unrolled(F f) {
  if constexpr (Count > 0) {
    unrolled<Count - 1>(f);
    f(Count - 1);
  }
}

// `columns` of the last vector and all of those before it.
template <int Vectors>
BRASA_INLINE void load_columns(const float* p, int columns, Vec (&out)[Vectors]) {
  const int last = (Vectors - 1) * Vec::width;
  unrolled<Vectors - 1>([&](int v) BRASA_INLINE_LAMBDA { out[v] = Vec::load(p + v * Vec::width); });
  out[Vectors - 1] = load(p, {last, columns - last});
}

template <int Vectors>
BRASA_INLINE void store_columns(float* p, int columns, const Vec (&in)[Vectors]) {
  const int last = (Vectors - 1) * Vec::width;
  unrolled<Vectors - 1>([&](int v) BRASA_INLINE_LAMBDA { in[v].store(p + v * Vec::width); });
  store(in[Vectors - 1], p, {last, columns - last});
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
