// The module `_cuda.so`: its one exported function, and what launch() needs on a device.
#include "cuda/plugin.h"

#include <cstdio>

#include "cuda/gpu.h"
#include "cuda/handle.h"
#include "cuda/kernels.h"
#include "cuda/launch.h"
#include "cuda/table.h"

namespace brasa::cuda {
namespace {

const PluginHost* host = nullptr;

// Runs one kernel on three floats: whether there is memory, and code for this device.
cudaError_t try_a_kernel() {
  constexpr int64_t count = 3;
  const float before[count] = {1.f, -2.f, 3.f};
  float after[count] = {};
  Stream stream;
  DeviceMemory memory;
  cudaError_t status = cudaStreamCreateWithFlags(stream.out(), cudaStreamNonBlocking);
  if (status == cudaSuccess) status = cudaMalloc(memory.out(), sizeof(before));
  if (status != cudaSuccess) return status;
  status =
      cudaMemcpyAsync(memory.get(), before, sizeof(before), cudaMemcpyHostToDevice, stream.get());
  if (status != cudaSuccess) return status;
  Exec exec;
  exec.stream = stream.get();
  float* const x = static_cast<float*>(memory.get());
  activation_forward(exec, count, {ActivationKind::kRelu, 0.f}, x, x);
  status = cudaGetLastError();
  if (status != cudaSuccess) return status;
  status =
      cudaMemcpyAsync(after, memory.get(), sizeof(after), cudaMemcpyDeviceToHost, stream.get());
  if (status == cudaSuccess) status = cudaStreamSynchronize(stream.get());
  if (status != cudaSuccess) return status;
  return after[0] == 1.f && after[1] == 0.f && after[2] == 3.f ? cudaSuccess : cudaErrorUnknown;
}

const char* reason() {
  static char sentence[512];
  int driver = 0, devices = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    return "no CUDA driver is installed on this machine";
  }
  cudaError_t status = cudaGetDeviceCount(&devices);
  if (status == cudaErrorInsufficientDriver) {
    std::snprintf(sentence, sizeof(sentence),
                  "the CUDA driver supports CUDA %d.%d, but brasa was built with %d.%d: update it",
                  driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000,
                  CUDART_VERSION % 1000 / 10);
    return sentence;
  }
  if (status == cudaErrorNoDevice || (status == cudaSuccess && devices == 0)) {
    return "there is a CUDA driver, but no CUDA device is visible";
  }
  if (status != cudaSuccess) return say("the CUDA devices cannot be listed", status);
  status = try_a_kernel();
  if (status == cudaErrorNoKernelImageForDevice) {
    cudaDeviceProp device{};
    (void)cudaGetDeviceProperties(&device, 0);
    std::snprintf(sentence, sizeof(sentence),
                  "brasa was built without kernels for %s (compute capability %d.%d): build it "
                  "with CMAKE_CUDA_ARCHITECTURES=%d%d",
                  device.name, device.major, device.minor, device.major, device.minor);
    return sentence;
  }
  if (status == cudaErrorMemoryAllocation) return "the CUDA device has no free memory";
  return status == cudaSuccess ? nullptr : say("the CUDA device cannot run a kernel", status);
}

OpTable make_table() {
  static const Device device = gpu_device();
  OpTable t = table_named("cuda", OpTable{});
  t.device = &device;
  t.runs = has_kernels_of;
  return t;
}

const OpTable* device_table_of_module() {
  static const OpTable table = make_table();
  return &table;
}

}  // namespace

void after_launch(const Exec& exec, cudaError_t status) {
  if (status == cudaSuccess && synchronous()) {
    status = cudaStreamSynchronize(static_cast<cudaStream_t>(exec.stream));
  }
  if (status == cudaSuccess || exec.team == nullptr) return;
  host->fault(exec.team,
              say(synchronous() ? "a CUDA kernel failed"
                                : "a CUDA kernel failed, here or before (BRASA_SYNC=1 tells where)",
                  status));
}

}  // namespace brasa::cuda

extern "C" __attribute__((visibility("default"))) const brasa::cuda::Plugin* brasa_cuda_plugin(
    const brasa::cuda::PluginHost* caller) {
  using namespace brasa::cuda;
  host = caller;
  static const Plugin plugin = {kPluginAbi, static_cast<int64_t>(sizeof(brasa::OpTable)), reason,
                                device_table_of_module};
  return &plugin;
}
