// What every kernel source includes: the CUDA language, and launch(). Compiled by nvcc it is CUDA; compiled
// by a C++ compiler it is the emulation in on_cpu/, with the same names.
#pragma once

#if defined(__CUDACC__)
#include "cuda/device.h"
#else
#include "cuda/on_cpu/device.h"
#endif
