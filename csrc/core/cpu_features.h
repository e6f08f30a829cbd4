// What this processor and its operating system can run.
#pragma once

namespace brasa {

struct CpuFeatures {
  bool avx2 = false;         // AVX2 and FMA
  bool avx512 = false;       // AVX-512 F, BW, VL, DQ, and AVX2
  bool avx512_bf16 = false;  // BF16, and AVX-512
  bool amx = false;  // AMX tiles with bf16, which the operating system lets us use, and AVX512-BF16
};

const CpuFeatures& cpu_features();

}  // namespace brasa
