# The module _cuda.so: all kernels for all architectures, with cudart inside.
include(CheckLanguage)
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  # Turing, Ampere and Hopper machine code, Blackwell of workstations; newer devices compile the code
  # of 80 when it is first used. 90a and not 90: wgmma needs it.
  set(CMAKE_CUDA_ARCHITECTURES 75-real 80 90a-real 120-real)
endif()
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "BRASA_CUDA=ON needs nvcc, CUDA's compiler, of CUDA 12.8 or newer. "
                      "Put it on PATH or set CMAKE_CUDA_COMPILER, or use BRASA_CUDA=OFF.")
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)

list(TRANSFORM BRASA_CUDA_KERNELS APPEND .cu OUTPUT_VARIABLE kernels)
add_library(brasa_cuda MODULE ${kernels} gpu.cu plugin.cu table.cpp)
target_include_directories(brasa_cuda PRIVATE ${PROJECT_SOURCE_DIR}/csrc)
# constexpr functions of core/ are called from kernels.
# Code for four architectures is a fifth of its size when compressed for size.
target_compile_options(brasa_cuda PRIVATE
  $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>
  $<$<COMPILE_LANGUAGE:CUDA>:--compress-mode=size>
)
set_target_properties(brasa_cuda PROPERTIES PREFIX "" OUTPUT_NAME _cuda CUDA_RUNTIME_LIBRARY Static)
install(TARGETS brasa_cuda LIBRARY DESTINATION brasa COMPONENT brasa)
