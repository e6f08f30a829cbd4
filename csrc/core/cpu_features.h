// What this processor and its operating system can run.
#pragma once

namespace brasa {

struct CpuFeatures {
  bool avx2 = false;    // AVX2 and FMA
  bool avx512 = false;  // AVX-512 F, BW, VL, DQ, and AVX2
};

const CpuFeatures& cpu_features();

}  // namespace brasa
