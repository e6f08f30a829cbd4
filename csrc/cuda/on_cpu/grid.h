// Runs the blocks of a launch: each thread of the team takes some, one after the other.
#pragma once

#include <cstdint>

#include "core/exec.h"
#include "cuda/on_cpu/owners.h"
#include "cuda/on_cpu/vector_types.h"

namespace brasa::cuda::on_cpu {

// In which order the threads of a block are resumed. kByTeam: a team of one goes up, of two down, a
// larger one shuffles: so every test that compares thread counts compares orders, too.
enum class Order : int { kByTeam, kAscending, kDescending, kShuffled };

// For the launches from now on. BRASA_CUDA_ON_CPU_ORDER=ascending|descending|<seed> sets the start.
void set_order(Order order, uint64_t seed = 1);

struct Grid {
  dim3 blocks, threads;
  int shared_bytes;
  bool cooperative;  // all blocks at once: grid barriers work
  Order order;
  uint64_t seed;
  Owners* owners;
  void (*body)(void*);
  void* context;
};

// Called by all threads of the team; has ended when it returns. Faults go to the team.
void run_grid(const Exec& exec, Grid grid);

}  // namespace brasa::cuda::on_cpu
