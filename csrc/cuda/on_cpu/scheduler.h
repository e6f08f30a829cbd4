// Resumes the threads of one block, or of all blocks of a cooperative grid, until all have ended.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/on_cpu/block.h"
#include "cuda/on_cpu/grid.h"

namespace brasa::cuda::on_cpu {

class Scheduler {
 public:
  // The one of this thread of the operating system.
  static Scheduler& mine();

  // Runs the blocks [first, last) at once. Returns what went wrong, or nothing.
  std::string run(const Grid& grid, int64_t first, int64_t last);

  // For the running CUDA thread: back to the scheduler.
  void leave(Thread& thread, bool for_ever) { thread.fiber.switch_to(main_, for_ever); }
  void set_fault(std::string message) { fault_ = std::move(message); }
  [[noreturn]] void finish(Thread& thread);

  const Grid& grid() const { return *grid_; }

 private:
  void begin(Block& block, int64_t number);
  void resume(Thread& thread);
  bool run_pass(Block& block);
  bool release_grid();
  void shuffle(const Block& block);
  std::string why_stuck() const;
  void abandon();

  const Grid* grid_ = nullptr;
  std::vector<std::unique_ptr<Block>> blocks_;
  size_t running_ = 0;  // blocks of this run
  StackPool stacks_;
  Fiber main_;
  std::vector<int> order_;
  uint64_t random_ = 1;
  std::string fault_;
};

}  // namespace brasa::cuda::on_cpu
