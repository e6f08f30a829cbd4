#include "cuda/on_cpu/grid.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "cuda/on_cpu/scheduler.h"

namespace brasa::cuda::on_cpu {
namespace {

struct Choice {
  Order order;
  uint64_t seed;
};

Choice choice_of_environment() {
  const char* text = std::getenv("BRASA_CUDA_ON_CPU_ORDER");
  if (text == nullptr || *text == '\0') return {Order::kByTeam, 1};
  if (std::strcmp(text, "ascending") == 0) return {Order::kAscending, 1};
  if (std::strcmp(text, "descending") == 0) return {Order::kDescending, 1};
  return {Order::kShuffled, std::strtoull(text, nullptr, 10)};
}

std::mutex lock;
Choice& choice() {
  static Choice chosen = choice_of_environment();
  return chosen;
}

Order order_of(int threads) {
  return threads == 1 ? Order::kAscending : threads == 2 ? Order::kDescending : Order::kShuffled;
}

// The owners of the launch that each team of several threads is in.
std::map<const Team*, Owners*>& owners_of_teams() {
  static std::map<const Team*, Owners*> owners;
  return owners;
}

// What CUDA itself would refuse.
const char* refusal(const Grid& grid) {
  const dim3 b = grid.blocks, t = grid.threads;
  if (b.x == 0 || b.y == 0 || b.z == 0) return "cuda_on_cpu: a launch with an empty grid";
  if (b.x > 0x7FFFFFFF || b.y > 65535 || b.z > 65535) return "cuda_on_cpu: the grid is too large";
  const uint64_t threads = uint64_t{t.x} * t.y * t.z;
  if (threads == 0 || threads > 1024 || t.z > 64)
    return "cuda_on_cpu: a block has 1 to 1024 threads";
  if (grid.shared_bytes < 0 || grid.shared_bytes > kDynamicSharedBytes) {
    return "cuda_on_cpu: too much dynamic shared memory";
  }
  return nullptr;
}

void run_share(const Exec& exec, const Grid& grid) {
  Scheduler& scheduler = Scheduler::mine();
  const int64_t blocks = int64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z;
  std::string fault;
  if (grid.cooperative) {
    if (exec.thread == 0) fault = scheduler.run(grid, 0, blocks);
  } else {
    const Range mine = exec.share(blocks);
    for (int64_t b = mine.begin; b < mine.end && fault.empty(); ++b) {
      fault = scheduler.run(grid, b, b + 1);
    }
  }
  if (!fault.empty()) brasa_team_fault(exec.team, fault.c_str());
}

}  // namespace

void set_order(Order order, uint64_t seed) {
  const std::lock_guard<std::mutex> hold(lock);
  choice() = {order, seed};
}

void run_grid(const Exec& exec, Grid grid) {
  if (const char* why = refusal(grid)) return brasa_team_fault(exec.team, why);
  Owners owners;
  {
    const std::lock_guard<std::mutex> hold(lock);
    const Choice chosen = choice();
    grid.order = chosen.order == Order::kByTeam ? order_of(exec.threads) : chosen.order;
    grid.seed = chosen.seed;
    if (exec.threads > 1 && exec.thread == 0) owners_of_teams()[exec.team] = &owners;
  }
  grid.owners = &owners;
  if (exec.threads > 1) {
    exec.barrier();
    const std::lock_guard<std::mutex> hold(lock);
    grid.owners = owners_of_teams()[exec.team];
  }
  run_share(exec, grid);
  // The next launch of the team starts when this one has ended, as in a stream.
  exec.barrier();
  if (exec.threads > 1 && exec.thread == 0) {
    const std::lock_guard<std::mutex> hold(lock);
    owners_of_teams().erase(exec.team);
  }
}

}  // namespace brasa::cuda::on_cpu
