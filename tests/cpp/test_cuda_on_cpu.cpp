// The emulation of CUDA itself: right kernels give right answers in every order of the threads.
#include <cstdio>
#include <set>
#include <string>

#include "cuda/table.h"
#include "emulated_launch.h"
#include "guarded.h"
#include "ops/registry.h"

namespace brasa::cuda {
namespace {

using namespace brasa::test;

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

// ---- what csrc/cuda has ---------------------------------------------------------------------

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
