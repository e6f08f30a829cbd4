# Sets own_architectures to those of this machine's GPUs, or `missing` to what a build for them lacks. A
# source install then compiles for no other GPU: minutes instead of a quarter of an hour.
include(CheckLanguage)
check_language(CUDA)
find_program(BRASA_NVIDIA_SMI nvidia-smi)
mark_as_advanced(BRASA_NVIDIA_SMI)
set(own_architectures "")
set(missing "")
if(CMAKE_CUDA_COMPILER)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE version ERROR_QUIET)
  string(REGEX MATCH "release ([0-9.]+)" version "${version}")
endif()
if(NOT CMAKE_CUDA_COMPILER OR CMAKE_MATCH_1 VERSION_LESS 12.8)
  set(missing "nvcc of CUDA 12.8 or newer")
elseif(NOT BRASA_NVIDIA_SMI)
  set(missing "NVIDIA driver")
else()
  execute_process(
    COMMAND ${BRASA_NVIDIA_SMI} --query-gpu=compute_cap --format=csv,noheader
    OUTPUT_VARIABLE capabilities ERROR_QUIET
  )
  string(REGEX MATCHALL "[0-9]+\\.[0-9]+" capabilities "${capabilities}")
  list(REMOVE_DUPLICATES capabilities)
  foreach(capability IN LISTS capabilities)
    string(REPLACE "." "" number ${capability})
    if(number EQUAL 90)
      set(number 90a)  # wgmma needs it
    endif()
    list(APPEND own_architectures ${number}-real)
  endforeach()
  if(NOT own_architectures)
    set(missing "GPU")
  endif()
endif()
