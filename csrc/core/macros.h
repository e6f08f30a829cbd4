// Compiler attributes used in headers that the ISA sources include.
#pragma once

// Inlined even without optimisation, so that no out-of-line copy compiled with wide vectors can be
// chosen by the linker for every caller (csrc/cpu/isa/README.md).
#define BRASA_INLINE inline __attribute__((always_inline))
#define BRASA_RESTRICT __restrict__
// The loop that follows becomes straight code, at -O2 too: its trips are known and few, and the arrays that it
// indexes live in registers. Not for the sanitizers, where every trip would be checked and compiled apart.
#if defined(__SANITIZE_ADDRESS__)
#define BRASA_UNROLL_ALL
#else
#define BRASA_UNROLL_ALL _Pragma("GCC unroll 64")
#endif
