// Owners of what CUDA hands out: movable, released when they end, errors of the release ignored because
// nobody could act on them.
#pragma once

#include <cuda_runtime.h>

#include <utility>

namespace brasa::cuda {

// Type and release function of a handle whose null is "none".
template <class T, cudaError_t (*release)(T)>
class Handle {
 public:
  Handle() = default;
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Handle() {
    if (value_ != nullptr) release(value_);
  }

  T get() const { return value_; }
  // Who asks owns it from now on.
  T let_go() { return std::exchange(value_, nullptr); }
  // For the function that creates it: what was held before is released.
  T* out() {
    *this = Handle();
    return &value_;
  }

 private:
  T value_ = nullptr;
};

using Stream = Handle<cudaStream_t, cudaStreamDestroy>;
using Event = Handle<cudaEvent_t, cudaEventDestroy>;
using DeviceMemory = Handle<void*, cudaFree>;
using GraphTemplate = Handle<cudaGraph_t, cudaGraphDestroy>;
using Graph = Handle<cudaGraphExec_t, cudaGraphExecDestroy>;
using PinnedMemory = Handle<void*, cudaFreeHost>;

}  // namespace brasa::cuda
