// CUDA's names for the host compiler, and the few of ours that hide a difference (device.h beside this
// folder has the same for nvcc). No float atomics: their order would change the bits.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "core/exec.h"
#include "cuda/on_cpu/capture.h"
#include "cuda/on_cpu/memory.h"
#include "cuda/on_cpu/rendezvous.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

#define threadIdx (::brasa::cuda::on_cpu::current->index)
#define blockIdx (::brasa::cuda::on_cpu::current->block->index)
#define blockDim (::brasa::cuda::on_cpu::current->block->grid->threads)
#define gridDim (::brasa::cuda::on_cpu::current->block->grid->blocks)

#define BRASA_SHARED(T, name, count) \
  const ::brasa::cuda::Shared<T> name = ::brasa::cuda::on_cpu::static_shared<T>(count)

#define BRASA_UNROLL

namespace brasa::cuda {

using on_cpu::dynamic_shared;
using on_cpu::load4;
using on_cpu::Out;
using on_cpu::Shared;
using on_cpu::Site;
using on_cpu::WarpOp;

inline void __syncthreads(Site site = Site::here()) { on_cpu::block_barrier(site); }
inline void grid_barrier(Site site = Site::here()) { on_cpu::grid_barrier(site); }
inline void __threadfence() {}
inline int lowest_bit(unsigned bits) { return __builtin_ctz(bits); }
// Of pi * x.
inline void sincospif(float x, float* sine, float* cosine) {
  const double angle = std::acos(-1.0) * double{x};
  *sine = static_cast<float>(std::sin(angle)), *cosine = static_cast<float>(std::cos(angle));
}

namespace on_cpu {

template <class T>
T shuffle(WarpOp op, unsigned mask, T value, int argument, int width, Site site) {
  static_assert(sizeof(T) <= 8 && std::is_arithmetic_v<T>);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = warp_collective(op, mask, bits, argument, width, site);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace on_cpu

inline void __syncwarp(unsigned mask = ~0u, Site site = Site::here()) {
  on_cpu::warp_collective(WarpOp::kSync, mask, 0, 0, 32, site);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, Site site = Site::here()) {
  return on_cpu::shuffle(WarpOp::kShuffle, mask, value, lane, width, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, Site site = Site::here()) {
  return on_cpu::shuffle(WarpOp::kUp, mask, value, static_cast<int>(by), width, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, Site site = Site::here()) {
  return on_cpu::shuffle(WarpOp::kDown, mask, value, static_cast<int>(by), width, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32, Site site = Site::here()) {
  return on_cpu::shuffle(WarpOp::kXor, mask, value, with, width, site);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, Site site = Site::here()) {
  const uint64_t set = predicate != 0;
  return static_cast<unsigned>(on_cpu::warp_collective(WarpOp::kBallot, mask, set, 0, 32, site));
}
inline int __any_sync(unsigned mask, int predicate, Site site = Site::here()) {
  return on_cpu::warp_collective(WarpOp::kAny, mask, predicate != 0, 0, 32, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, Site site = Site::here()) {
  return on_cpu::warp_collective(WarpOp::kAll, mask, predicate != 0, 0, 32, site) != 0;
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned value, Site site = Site::here()) {
  return static_cast<unsigned>(on_cpu::warp_collective(WarpOp::kAdd, mask, value, 0, 32, site));
}

// Blocks run on several threads of the operating system.
inline int atomicAdd(int* at, int value) { return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST); }
inline unsigned atomicAdd(unsigned* at, unsigned value) {
  return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST);
}

template <int Bytes, class T>
void copy_async(const Shared<T>& to, int64_t index, const T* from, bool valid,
                Site site = Site::here()) {
  static_assert(Bytes == 4 || Bytes == 16);
  struct Piece {
    char bytes[Bytes];
  };
  on_cpu::copy_async(to.template checked<Piece>({index, site}), from, Bytes, valid, site);
}
inline void commit_copies() { on_cpu::commit_copies(); }
template <int Groups>
void wait_for_copies() {
  on_cpu::wait_for_copies(Groups);
}

struct Launch {
  dim3 blocks, threads;
  int shared_bytes = 0;
  bool cooperative = false;
};

// As few as tests need: a cooperative grid has the stacks of all its threads at once.
template <class... Parameters>
int64_t blocks_at_once(const Launch&, void (*)(Parameters...)) {
  return 24;
}

// Called by all threads of the team. Where a graph is captured it is kept for later.
template <class... Parameters, class... Arguments>
void launch(const Exec& exec, const Launch& how, void (*kernel)(Parameters...),
            Arguments... arguments) {
  struct Bound {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> parameters;
  } bound{kernel, {arguments...}};
  const auto run = [how, bound](const Exec& with) {
    Bound copy = bound;
    on_cpu::Grid grid{};
    grid.blocks = how.blocks;
    grid.threads = how.threads;
    grid.shared_bytes = how.shared_bytes;
    grid.cooperative = how.cooperative;
    grid.body = [](void* context) {
      const Bound& b = *static_cast<Bound*>(context);
      std::apply(b.kernel, b.parameters);
    };
    grid.context = &copy;
    on_cpu::run_grid(with, grid);
  };
  if (on_cpu::capturing()) return on_cpu::capture(run);
  run(exec);
}

}  // namespace brasa::cuda
