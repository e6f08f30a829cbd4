// What the emulation of CUDA finds: each kind of wrong kernel, in every order of the threads, with the place.
#include <string>

#include "emulated_launch.h"
#include "guarded.h"

namespace brasa::cuda {
namespace {

using namespace brasa::test;

// "test_cuda_faults.cpp:<line>", where the line is `after` lines below this call.
#define PLACE(after) ("test_cuda_faults.cpp:" + std::to_string(__LINE__ + (after)))

const std::string kNoBarrier = PLACE(6);
__global__ void without_barrier(Out<float> y) {
  BRASA_SHARED(float, values, 64);
  BRASA_SHARED(float, others, 64);
  values[threadIdx.x] = 1.f;
  others[threadIdx.x] = 2.f;
  y[threadIdx.x] = values[63 - threadIdx.x] + others[threadIdx.x];
}

BRASA_TEST(cuda_on_cpu_finds_a_missing_barrier) {
  const Guarded<float> y(64);
  // Depending on the order the other thread has written already, or not at all yet.
  in_every_order([&](int team) {
    const std::string message =
        message_of(ErrorKind::kRuntime, [&] { run(team, {1, 64}, without_barrier, y.data()); });
    CHECK(message.find(kNoBarrier) != std::string::npos);
    CHECK(message.find("race: reads shared memory that thread") != std::string::npos ||
          message.find("that nobody has written") != std::string::npos);
  });
}

// Reads come first, then a write without a barrier.
__global__ void overwritten_too_early(Out<float> y) {
  BRASA_SHARED(float, values, 64);
  values[threadIdx.x] = 1.f;
  __syncthreads();
  y[threadIdx.x] = values[(threadIdx.x + 33) % 64];
  values[threadIdx.x] = 2.f;
}

__global__ void two_threads_write(Out<float>) {
  BRASA_SHARED(float, values, 64);
  values[threadIdx.x / 2] = 1.f;
}

__global__ void warps_need_more_than_syncwarp(Out<float> y) {
  BRASA_SHARED(float, values, 64);
  values[threadIdx.x] = 1.f;
  __syncwarp();
  y[threadIdx.x] = values[(threadIdx.x + 32) % 64];
}

BRASA_TEST(cuda_on_cpu_finds_races) {
  const Guarded<float> y(64);
  check_found("race: writes shared memory that thread", {1, 64}, two_threads_write, y.data());
  check_found("race: ", {1, 64}, overwritten_too_early, y.data());
  in_every_order([&](int team) {
    const std::string message = message_of(
        ErrorKind::kRuntime, [&] { run(team, {1, 64}, warps_need_more_than_syncwarp, y.data()); });
    CHECK(message.find("race: reads") != std::string::npos ||
          message.find("nobody has written") != std::string::npos);
  });
}

__global__ void divergent_barrier(Out<float> y) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    y[threadIdx.x] = 1.f;
    __syncthreads();
  }
}

__global__ void barrier_for_some(Out<float> y) {
  if (threadIdx.x >= 48) return;
  __syncthreads();
  y[threadIdx.x] = 1.f;
}

__global__ void barrier_against_shuffle(Out<float> y) {
  if (threadIdx.x < 32) __syncthreads();
  y[threadIdx.x] = __shfl_xor_sync(~0u, 1.f, 1);
}

BRASA_TEST(cuda_on_cpu_finds_a_divergent_barrier) {
  const Guarded<float> y(64);
  check_found("__syncthreads() is divergent: thread", {1, 64}, divergent_barrier, y.data());
  check_found("16 of 64 threads of the block have ended", {1, 64}, barrier_for_some, y.data());
  check_found("__syncthreads() is never complete", {1, 64}, barrier_against_shuffle, y.data());
}

__global__ void past_the_end(int offset) {
  BRASA_SHARED(float, values, 64);
  values[static_cast<int>(threadIdx.x) + offset] = 1.f;
}

const std::string kFourPastTheEnd = PLACE(3);
__global__ void four_past_the_end(Out<float> y) {
  BRASA_SHARED(float, values, 64);
  values.store4(4 * threadIdx.x + 4, make_float4(0, 0, 0, 0));
  y[threadIdx.x] = 0.f;
}

BRASA_TEST(cuda_on_cpu_finds_an_index_outside_shared_memory) {
  const Guarded<float> y(64);
  check_found("index 64 is outside the 64 elements", {1, 64}, past_the_end, 1);
  check_found("index -1 is outside the 64 elements", {1, 64}, past_the_end, -1);
  check_found(kFourPastTheEnd + ": index 64 and those after it", {1, 16}, four_past_the_end,
              y.data());
}

__global__ void shuffle_under_divergence(Out<float> y) {
  float v = 1.f;
  if (threadIdx.x < 16) v = __shfl_down_sync(~0u, v, 1);
  y[threadIdx.x] = v;
}

__global__ void two_shuffles(Out<float> y) {
  float v = 1.f;
  if (threadIdx.x % 2 == 0) {
    v = __shfl_down_sync(~0u, v, 1);
  } else {
    v = __shfl_down_sync(~0u, v, 1);
  }
  y[threadIdx.x] = v;
}

__global__ void two_masks(Out<float> y) {
  y[threadIdx.x] = __shfl_xor_sync(threadIdx.x < 16 ? ~0u : 0xFFFF0000u, 1.f, 1);
}

__global__ void lane_outside_the_mask(Out<float> y) {
  if (threadIdx.x < 16) y[threadIdx.x] = __shfl_sync(0xFFFFu, 1.f, 20);
}

__global__ void caller_outside_the_mask(Out<float> y) {
  y[threadIdx.x] = __shfl_xor_sync(0xFFFFu, 1.f, 1);
}

BRASA_TEST(cuda_on_cpu_finds_a_shuffle_under_divergence) {
  const Guarded<float> y(32);
  in_every_order([&](int team) {
    const std::string message = message_of(
        ErrorKind::kRuntime, [&] { run(team, {1, 32}, shuffle_under_divergence, y.data()); });
    CHECK(message.find("which has ended or never was") != std::string::npos ||
          message.find("a warp's collective is never complete") != std::string::npos);
  });
  check_found("__shfl_down_sync is divergent: lane", {1, 32}, two_shuffles, y.data());
  in_every_order([&](int team) {
    const std::string message =
        message_of(ErrorKind::kRuntime, [&] { run(team, {1, 32}, two_masks, y.data()); });
    CHECK(message.find("with another mask") != std::string::npos ||
          message.find("which has ended or never was") != std::string::npos);
  });
  check_found("reads lane 20, which the mask leaves out", {1, 32}, lane_outside_the_mask, y.data());
  check_found("the mask leaves out the calling lane", {1, 32}, caller_outside_the_mask, y.data());
  check_found("which has ended or never was", {1, 24}, scan_of_warp,
              Guarded<int>(std::vector<int>(24)).data());
}

__global__ void two_blocks_one_element(Out<float> y) { y[threadIdx.x] = 1.f; }
__global__ void two_threads_one_element(Out<float> y) { y[threadIdx.x / 2] = 1.f; }
__global__ void one_after_the_other(Out<float> y) {
  if (threadIdx.x == 0) y[0] = 1.f;
  __syncthreads();
  if (threadIdx.x == 1) y[0] = 2.f;
}

BRASA_TEST(cuda_on_cpu_finds_two_writers_of_one_element) {
  const Guarded<float> y(64);
  check_found("wrote in the same launch", {2, 64}, two_blocks_one_element, y.data());
  check_found("wrote in the same launch", {1, 64}, two_threads_one_element, y.data());
  in_every_order([&](int team) {
    run(team, {1, 64}, one_after_the_other, y.data());
    CHECK_EQ(y.data()[0], 2.f);
  });
}

const std::string kNotWaited = PLACE(6);
__global__ void copy_without_wait(const float* x, Out<float> y) {
  BRASA_SHARED(float, values, 32);
  copy_async<4>(values, threadIdx.x, x + threadIdx.x, true);
  commit_copies();
  wait_for_copies<1>();
  y[threadIdx.x] = values[threadIdx.x];
  wait_for_copies<0>();
}

__global__ void copy_without_barrier(const float* x, Out<float> y) {
  BRASA_SHARED(float, values, 32);
  copy_async<4>(values, threadIdx.x, x + threadIdx.x, true);
  commit_copies();
  wait_for_copies<0>();
  y[threadIdx.x] = values[31 - threadIdx.x];
}

__global__ void copy_never_waited(const float* x) {
  BRASA_SHARED(float, values, 32);
  copy_async<4>(values, threadIdx.x, x + threadIdx.x, true);
}

BRASA_TEST(cuda_on_cpu_finds_a_missing_wait) {
  const Guarded<float> x(std::vector<float>(32, 1.f)), y(32);
  check_found(kNotWaited + ": reads shared memory before its cp.async was waited for", {1, 32},
              copy_without_wait, x.data(), y.data());
  check_found("ended before this cp.async was waited for", {1, 32}, copy_never_waited, x.data());
  in_every_order([&](int team) {
    const std::string message = message_of(
        ErrorKind::kRuntime, [&] { run(team, {1, 32}, copy_without_barrier, x.data(), y.data()); });
    CHECK(message.find("race: reads") != std::string::npos ||
          message.find("nobody has written") != std::string::npos);
  });
}

__global__ void misaligned(const float* x, Out<float> y) { y[0] = load4(x + 1).x; }
__global__ void misaligned_store(Out<float> y) { y.store4(1, make_float4(0, 0, 0, 0)); }

__global__ void reads_garbage(Out<float> y) {
  BRASA_SHARED(float, values, 32);
  y[0] = values[5];
}

BRASA_TEST(cuda_on_cpu_finds_what_a_device_would_refuse) {
  const Guarded<float> x(std::vector<float>(32, 1.f)), y(32);
  check_found("loads 16 bytes from an address", {1, 1}, misaligned, x.data(), y.data());
  check_found("stores 16 bytes at an address", {1, 1}, misaligned_store, y.data());
  check_found("that nobody has written", {1, 1}, reads_garbage, y.data());
  check_found("1 to 1024 threads", {1, 1025}, reads_garbage, y.data());
  check_found("empty grid", {0, 1}, reads_garbage, y.data());
  check_found("too much dynamic shared memory", {1, 1, 1 << 20}, reads_garbage, y.data());
}

}  // namespace
}  // namespace brasa::cuda
