// Compiler attributes used in headers that the ISA sources include.
#pragma once

// Inlined even without optimisation, so that no out-of-line copy compiled with wide vectors can be
// chosen by the linker for every caller (csrc/cpu/isa/README.md).
#define BRASA_INLINE inline __attribute__((always_inline))
#define BRASA_RESTRICT __restrict__
