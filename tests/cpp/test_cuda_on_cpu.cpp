// The emulation of CUDA itself: right kernels give right answers in every order of the threads, and each
// kind of wrong one is found out, with the place.
#include <cstdio>
#include <set>
#include <string>

#include "check.h"
#include "core/parallel.h"
#include "cuda/launch.h"
#include "cuda/on_cpu/grid.h"
#include "cuda/table.h"
#include "guarded.h"
#include "ops/registry.h"

namespace brasa::cuda {
namespace {

using namespace brasa::test;
using on_cpu::Order;
using on_cpu::set_order;

template <class... Parameters, class... Arguments>
void run(int team, const Launch& how, void (*kernel)(Parameters...), Arguments... arguments) {
  const auto body = [&](const Exec& exec) { launch(exec, how, kernel, arguments...); };
  struct Context {
    const decltype(body)* call;
  } context{&body};
  run_team(
      team,
      [](void* opaque, int thread, int threads, Team* own) {
        (*static_cast<Context*>(opaque)->call)(Exec{nullptr, thread, threads, own, nullptr});
      },
      &context);
}

// check(threads of the team) in every order, then back to the rule.
template <class Check>
void in_every_order(const Check& check) {
  struct Named {
    Order order;
    uint64_t seed;
  };
  for (const Named named : {Named{Order::kAscending, 1}, Named{Order::kDescending, 1},
                            Named{Order::kShuffled, 1}, Named{Order::kShuffled, 77}}) {
    const Case name("order ", static_cast<int>(named.order), " seed ", named.seed);
    set_order(named.order, named.seed);
    check(1);
    check(2);
  }
  set_order(Order::kByTeam);
}

// The kernel must be found out in every order.
template <class... Arguments>
void check_found(const std::string& part, const Launch& how, Arguments... arguments) {
  in_every_order([&](int team) {
    CHECK_THROWS(ErrorKind::kRuntime, part.c_str(), run(team, how, arguments...));
  });
}

// "test_cuda_on_cpu.cpp:<line>", where the line is `after` lines below this call.
#define PLACE(after) ("test_cuda_on_cpu.cpp:" + std::to_string(__LINE__ + (after)))

// ---- kernels that are right ----------------------------------------------------------------------

__global__ void sum_of_block(const float* x, Out<float> sums) {
  BRASA_SHARED(float, parts, 256);
  const int i = static_cast<int>(threadIdx.x);
  parts[i] = x[blockIdx.x * blockDim.x + threadIdx.x];
  for (int half = static_cast<int>(blockDim.x) / 2; half > 0; half /= 2) {
    __syncthreads();
    if (i < half) parts[i] += parts[i + half];
  }
  if (i == 0) sums[blockIdx.x] = parts[0];
}

BRASA_TEST(cuda_on_cpu_reduces_a_block) {
  std::vector<float> x(5 * 256);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 91);
  const Input<float> in(x);
  in_every_order([&](int team) {
    const Guarded<float> sums(5);
    run(team, {5, 256}, sum_of_block, in.data(), sums.data());
    for (size_t b = 0; b < 5; ++b) {
      float want = 0;
      for (size_t i = 0; i < 256; ++i) want += x[b * 256 + i];
      CHECK_EQ(sums.data()[b], want);
    }
  });
}

__global__ void scan_of_warp(Out<int> y) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  int sum = static_cast<int>(threadIdx.x);
  for (int by = 1; by < 32; by *= 2) {
    const int other = __shfl_up_sync(~0u, sum, static_cast<unsigned>(by));
    if (lane >= by) sum += other;
  }
  y[threadIdx.x] = sum;
}

BRASA_TEST(cuda_on_cpu_scans_a_warp) {
  in_every_order([](int team) {
    const Guarded<int> y(96);
    run(team, {1, 96}, scan_of_warp, y.data());
    for (int i = 0, sum = 0; i < 96; ++i) {
      sum = i % 32 == 0 ? i : sum + i;
      CHECK_EQ(y.data()[i], sum);
    }
  });
}

__global__ void transpose_tiles(int size, const float* x, Out<float> y) {
  BRASA_SHARED(float, tile, 16 * 17);
  const int column = static_cast<int>(blockIdx.x * 16 + threadIdx.x);
  const int row = static_cast<int>(blockIdx.y * 16 + threadIdx.y);
  tile[threadIdx.y * 17 + threadIdx.x] = x[row * size + column];
  __syncthreads();
  const int to_row = static_cast<int>(blockIdx.x * 16 + threadIdx.y);
  const int to_column = static_cast<int>(blockIdx.y * 16 + threadIdx.x);
  y[to_row * size + to_column] = tile[threadIdx.x * 17 + threadIdx.y];
}

BRASA_TEST(cuda_on_cpu_transposes_tiles) {
  std::vector<float> x(48 * 48);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const Input<float> in(x);
  in_every_order([&](int team) {
    const Guarded<float> y(48 * 48);
    run(team, {{3, 3}, {16, 16}}, transpose_tiles, 48, in.data(), y.data());
    bool equal = true;
    for (size_t i = 0; i < 48; ++i) {
      for (size_t j = 0; j < 48; ++j) equal = equal && y.data()[j * 48 + i] == x[i * 48 + j];
    }
    CHECK(equal);
  });
}

__global__ void all_collectives(Out<unsigned> y) {
  const unsigned lane = threadIdx.x;
  unsigned bits = __ballot_sync(~0u, lane % 3 == 0);
  bits ^= static_cast<unsigned>(__any_sync(~0u, lane == 7)) << 1;
  bits ^= static_cast<unsigned>(__all_sync(~0u, lane < 31)) << 2;
  bits += __reduce_add_sync(~0u, lane);
  bits += __shfl_sync(~0u, lane, static_cast<int>(lane + 1), 8);
  bits += 100 * __shfl_down_sync(~0u, lane, 3, 16) + 10000 * __shfl_xor_sync(~0u, lane, 5);
  if (lane % 2 == 0) bits += 1000000 * __shfl_sync(0x55555555u, lane, 4);
  y[lane] = bits;
}

BRASA_TEST(cuda_on_cpu_has_the_collectives_of_a_warp) {
  unsigned ballot = 0;
  for (unsigned lane = 0; lane < 32; lane += 3) ballot |= 1u << lane;
  in_every_order([&](int team) {
    const Guarded<unsigned> y(32);
    run(team, {1, 32}, all_collectives, y.data());
    for (unsigned lane = 0; lane < 32; ++lane) {
      const unsigned down = lane % 16 + 3 < 16 ? lane + 3 : lane;
      unsigned want = (ballot ^ 2u) + 496 + (lane / 8 * 8 + (lane + 1) % 8) + 100 * down;
      want += 10000 * (lane ^ 5) + (lane % 2 == 0 ? 4000000 : 0);
      CHECK_EQ(y.data()[lane], want);
    }
  });
}

// Neighbours of a warp exchange through shared memory: __syncwarp() is enough.
__global__ void swap_in_warp(Out<float> y) {
  BRASA_SHARED(float, values, 64);
  values[threadIdx.x] = static_cast<float>(threadIdx.x);
  __syncwarp();
  y[threadIdx.x] = values[threadIdx.x ^ 1u];
  __syncwarp();
  values[threadIdx.x ^ 1u] = 0.f;
}

__global__ void copies_in_two_groups(const float* x, Out<float> y) {
  const auto ring = dynamic_shared<float>();
  const int i = static_cast<int>(threadIdx.x);
  copy_async<4>(ring, i, x + i, i != 3);
  commit_copies();
  copy_async<16>(ring, 64 + 4 * i, x + 4 * i, true);
  commit_copies();
  wait_for_copies<1>();
  __syncthreads();
  const float first = ring[(i + 1) % 32];
  wait_for_copies<0>();
  __syncthreads();
  y[i] = first + 1000 * ring.load4(64 + 4 * ((i + 1) % 32)).z;
}

__global__ void count_up(int* counter, Out<int> last) {
  if (atomicAdd(counter, 1) == static_cast<int>(gridDim.x * blockDim.x) - 1) last[0] = 1;
}

BRASA_TEST(cuda_on_cpu_knows_what_is_no_race) {
  std::vector<float> x(128);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
  const Guarded<float> in(x);
  // Guarded data ends at a page: of 128 floats the start is a multiple of 16 bytes.
  in_every_order([&](int team) {
    const Guarded<float> y(64);
    run(team, {1, 64}, swap_in_warp, y.data());
    for (int i = 0; i < 64; ++i) CHECK_EQ(y.data()[i], static_cast<float>(i ^ 1));

    const Guarded<float> z(32);
    run(team, {1, 32, 192 * 4}, copies_in_two_groups, in.data(), z.data());
    for (int i = 0; i < 32; ++i) {
      const int next = (i + 1) % 32;
      CHECK_EQ(z.data()[i], static_cast<float>((next == 3 ? 0 : next + 1) + 1000 * (4 * next + 3)));
    }

    const Guarded<int> counter(std::vector<int>{0, 0});
    run(team, {7, 40}, count_up, counter.data(), counter.data() + 1);
    CHECK_EQ(counter.data()[0], 280);
    CHECK_EQ(counter.data()[1], 1);
  });
}

// Each block needs what all the others wrote before the barrier of the grid.
__global__ void sum_over_grid(const int* before, Out<int> parts, Out<int> sums) {
  if (threadIdx.x == 0) parts[blockIdx.x] = static_cast<int>(blockIdx.x) + 1;
  grid_barrier();
  if (threadIdx.x != 0) return;
  int sum = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) sum += before[b];
  sums[blockIdx.x] = sum;
}

BRASA_TEST(cuda_on_cpu_runs_a_cooperative_grid) {
  in_every_order([](int team) {
    const Guarded<int> parts(9), sums(9);
    Launch how{9, 64};
    how.cooperative = true;
    run(team, how, sum_over_grid, parts.data(), parts.data(), sums.data());
    for (int b = 0; b < 9; ++b) CHECK_EQ(sums.data()[b], 45);
  });
  const Guarded<int> parts(9), sums(9);
  CHECK_THROWS(ErrorKind::kRuntime, "cooperative launch",
               run(1, {9, 64}, sum_over_grid, parts.data(), parts.data(), sums.data()));
}

// ---- kernels that are wrong ----------------------------------------------------------------------

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

// ---- what the folder above has -------------------------------------------------------------

// Every op has CUDA kernels, or stands here with the reason.
BRASA_TEST(cuda_has_kernels_or_a_reason_for_every_op) {
  const std::set<std::string> without = {
      // The layout with the batch in the vector lanes is the CPU's: plans for a device have none of these.
      "to_lanes", "from_lanes", "conv2d_lanes", "conv2d_lanes_backward_data",
      "conv2d_lanes_backward_weight", "bias_gradient_lanes",
      // Its front end clears memory itself: table.cpp.
      "slice_backward"};
  for (const std::string& op : op_names()) {
    const bool known = has_kernels_of(op.c_str()) || without.count(op) == 1;
    if (!known) std::fprintf(stderr, "no CUDA kernels, and no reason: %s\n", op.c_str());
    CHECK(known);
  }
  for (const std::string& op : without) {
    if (op != "slice_backward") CHECK(!has_kernels_of(op.c_str()));
    CHECK_EQ(find_op(op).name, op);
  }
}

}  // namespace
}  // namespace brasa::cuda
