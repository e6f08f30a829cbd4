// What this processor and its operating system can run.
#pragma once

namespace brasa {

struct CpuFeatures {
  bool avx2 = false;    // AVX2 and FMA
  bool avx512 = false;  // AVX-512 F, BW, VL, DQ, and AVX2
  // What products on AMX tiles in bf16 need and this machine does not have; null: nothing.
  const char* amx_lacks = "AMX tiles (amx-tile, amx-bf16)";
};

const CpuFeatures& cpu_features();

}  // namespace brasa
