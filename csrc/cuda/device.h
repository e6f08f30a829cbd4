// What kernels need beyond CUDA itself, for nvcc. on_cpu/device.h has the same for a C++ compiler.
#pragma once

#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "core/exec.h"

#define BRASA_SHARED(T, name, count)              \
  __shared__ __align__(16) T name##_array[count]; \
  const ::brasa::cuda::Shared<T> name { name##_array }

#define BRASA_UNROLL _Pragma("unroll")

namespace brasa::cuda {

template <class T>
struct Shared {
  T* data;

  __device__ T& operator[](int64_t index) const { return data[index]; }
  __device__ float4 load4(int64_t index) const {
    return *reinterpret_cast<const float4*>(data + index);
  }
  __device__ void store4(int64_t index, float4 value) const {
    *reinterpret_cast<float4*>(data + index) = value;
  }
  __device__ Shared from(int64_t first) const { return {data + first}; }
};

template <class T>
__device__ Shared<T> dynamic_shared() {
  extern __shared__ __align__(16) char brasa_dynamic_shared[];
  return {reinterpret_cast<T*>(brasa_dynamic_shared)};
}

// What a kernel writes to.
template <class T>
struct Out {
  T* data = nullptr;

  Out() = default;
  __host__ __device__ Out(T* pointer) : data(pointer) {}
  __device__ explicit operator bool() const { return data != nullptr; }
  __device__ T& operator[](int64_t index) const { return data[index]; }
  __device__ void store4(int64_t index, float4 value) const {
    *reinterpret_cast<float4*>(data + index) = value;
  }
  __device__ Out operator+(int64_t offset) const { return Out(data + offset); }
};

__device__ __forceinline__ float4 load4(const float* at) {
  return *reinterpret_cast<const float4*>(at);
}

// cp.async, of 4 or 16 bytes: `valid` false writes zeros and reads nothing. Turing copies at once.
template <int Bytes, class T>
__device__ __forceinline__ void copy_async(const Shared<T>& to, int64_t index, const T* from,
                                           bool valid) {
#if __CUDA_ARCH__ >= 800
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to.data + index));
  asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(at), "l"(from), "n"(Bytes),
               "r"(valid ? Bytes : 0)
               : "memory");
#else
  constexpr int count = Bytes / int{sizeof(T)};
  for (int i = 0; i < count; ++i) to[index + i] = valid ? from[i] : T(0);
#endif
}
__device__ __forceinline__ void commit_copies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
template <int Groups>
__device__ __forceinline__ void wait_for_copies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(Groups) : "memory");
#endif
}

// The number of the lowest bit that is set. bits != 0.
__device__ __forceinline__ int lowest_bit(unsigned bits) {
  return __ffs(static_cast<int>(bits)) - 1;
}

__device__ __forceinline__ void grid_barrier() { cooperative_groups::this_grid().sync(); }

struct Launch {
  dim3 blocks, threads;
  int shared_bytes = 0;
  bool cooperative = false;
};

// plugin.cu: gives the error to the team, and with BRASA_SYNC=1 waits for the kernel first.
void after_launch(const Exec& exec, cudaError_t status);

// Lets the kernel ask for more dynamic shared memory than 48 KB.
inline cudaError_t allow_shared(const void* kernel, int bytes) {
  if (bytes <= 48 * 1024) return cudaSuccess;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
}

// How many blocks of such a launch the device holds at the same time; 0 where it cannot run one.
template <class... Parameters>
int64_t blocks_at_once(const Launch& how, void (*kernel)(Parameters...)) {
  const void* const code = reinterpret_cast<const void*>(kernel);
  const int threads = static_cast<int>(how.threads.x * how.threads.y * how.threads.z);
  int device = 0, processors = 0, blocks = 0;
  const bool known =
      cudaGetDevice(&device) == cudaSuccess &&
      cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device) == cudaSuccess &&
      allow_shared(code, how.shared_bytes) == cudaSuccess &&
      cudaOccupancyMaxActiveBlocksPerMultiprocessor(
          &blocks, code, threads, static_cast<size_t>(how.shared_bytes)) == cudaSuccess;
  if (known) return int64_t{blocks} * processors;
  (void)cudaGetLastError();  // so that no later call finds it
  return 0;
}

// Enqueues the kernel on the stream of `exec`.
template <class... Parameters, class... Arguments>
void launch(const Exec& exec, const Launch& how, void (*kernel)(Parameters...),
            Arguments... arguments) {
  if (exec.thread != 0) return;
  const cudaError_t refused = allow_shared(reinterpret_cast<const void*>(kernel), how.shared_bytes);
  if (refused != cudaSuccess) return after_launch(exec, refused);
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = how.cooperative ? 1 : 0;
  cudaLaunchConfig_t config{};
  config.gridDim = how.blocks;
  config.blockDim = how.threads;
  config.dynamicSmemBytes = static_cast<size_t>(how.shared_bytes);
  config.stream = static_cast<cudaStream_t>(exec.stream);
  config.attrs = &attribute;
  config.numAttrs = 1;
  after_launch(exec, cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...));
}

}  // namespace brasa::cuda
