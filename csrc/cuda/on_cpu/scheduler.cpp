#include "cuda/on_cpu/scheduler.h"

#include <cstring>
#include <numeric>
#include <utility>

namespace brasa::cuda::on_cpu {

#if defined(__APPLE__)
thread_local Thread* current = nullptr;
#else
thread_local __attribute__((tls_model("initial-exec"))) Thread* current = nullptr;
#endif

namespace {

void run_thread() {
  Thread& self = *current;
  self.fiber.entered();
  Scheduler& scheduler = Scheduler::mine();
  scheduler.grid().body(scheduler.grid().context);
  scheduler.finish(self);
}

std::string described(const Thread& t) {
  const uint3 b = t.block->index;
  std::ostringstream text;
  text << " [block (" << b.x << "," << b.y << "," << b.z << "), thread (" << t.index.x << ","
       << t.index.y << "," << t.index.z << ")]";
  return text.str();
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Site site) {
  const char* slash = std::strrchr(site.file, '/');
  return out << (slash == nullptr ? site.file : slash + 1) << ":" << site.line;
}

void set_fault(Site site, const std::string& what) {
  std::ostringstream text;
  text << "cuda_on_cpu: " << site << ": " << what << described(*current);
  Scheduler::mine().set_fault(text.str());
}

void stop_after_fault() {
  Scheduler::mine().leave(*current, true);
  __builtin_unreachable();
}

void wait_as(State state, Site site) {
  Thread& self = *current;
  self.state = state;
  self.site = site;
  Scheduler::mine().leave(self, false);
}

Scheduler& Scheduler::mine() {
  thread_local Scheduler scheduler;
  return scheduler;
}

void Scheduler::finish(Thread& thread) {
  if (!thread.open_copies.empty()) thread.copies.push_back(thread.open_copies);
  for (const auto& group : thread.copies) {
    if (group.empty()) continue;
    fault(group.front().site, "the thread ended before this cp.async was waited for");
  }
  thread.state = State::kDone;
  ++thread.block->exited;
  thread.block->warps[static_cast<size_t>(thread.warp())].exited |= 1u << thread.lane();
  leave(thread, true);
  __builtin_unreachable();
}

void Scheduler::begin(Block& block, int64_t number) {
  const dim3 blocks = grid_->blocks, size = grid_->threads;
  const int64_t threads = int64_t{size.x} * size.y * size.z;
  block.grid = grid_;
  block.number = number;
  block.index = {static_cast<unsigned>(number % blocks.x),
                 static_cast<unsigned>(number / blocks.x % blocks.y),
                 static_cast<unsigned>(number / blocks.x / blocks.y)};
  block.threads.resize(static_cast<size_t>(threads));
  block.warps.resize(static_cast<size_t>((threads + kWarpSize - 1) / kWarpSize));
  block.arrays.clear();
  block.arrived = block.exited = 0;
  block.shared.begin(grid_->shared_bytes);
  for (Warp& warp : block.warps) warp.waiting = warp.epoch = 0, warp.exited = 0;
  const int tail = static_cast<int>(threads % kWarpSize);
  if (tail != 0) block.warps.back().exited = ~0u << tail;
  for (int i = 0; i < threads; ++i) {
    Thread& t = block.threads[static_cast<size_t>(i)];
    const unsigned u = static_cast<unsigned>(i);
    t.block = &block;
    t.number = i;
    t.index = {u % size.x, u / size.x % size.y, u / size.x / size.y};
    t.state = State::kReady;
    t.started = false;
  }
}

void Scheduler::resume(Thread& thread) {
  if (!thread.started) {
    thread.started = true;
    thread.stack = stacks_.take();
    thread.fiber.prepare(*thread.stack, run_thread);
  }
  current = &thread;
  main_.switch_to(thread.fiber);
  if (thread.state == State::kDone) stacks_.give_back(std::exchange(thread.stack, nullptr));
}

void Scheduler::shuffle(const Block& block) {
  const size_t count = block.threads.size();
  if (order_.size() != count) {
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0);
  }
  for (size_t i = count; i > 1; --i) {  // xorshift64
    random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
    std::swap(order_[i - 1], order_[random_ % i]);
  }
}

// Resumes each thread that can go on once. False when there was none, or one that failed.
bool Scheduler::run_pass(Block& block) {
  const int count = static_cast<int>(block.threads.size());
  const bool shuffled = grid_->order == Order::kShuffled;
  const bool descending = grid_->order == Order::kDescending;
  if (shuffled) shuffle(block);
  bool moved = false;
  for (int i = 0; i < count; ++i) {
    const int n = shuffled ? order_[static_cast<size_t>(i)] : descending ? count - 1 - i : i;
    Thread& thread = block.threads[static_cast<size_t>(n)];
    if (thread.state != State::kReady) continue;
    resume(thread);
    moved = true;
    if (!fault_.empty()) return false;
  }
  return moved;
}

bool Scheduler::release_grid() {
  Site site{};
  for (size_t b = 0; b < running_; ++b) {
    for (const Thread& t : blocks_[b]->threads) {
      if (t.state != State::kAtGridBarrier) return false;
      if (site.file == nullptr) site = t.site;
      if (t.site != site) return false;
    }
  }
  if (running_ < static_cast<size_t>(grid_->blocks.x) * grid_->blocks.y * grid_->blocks.z)
    return false;
  for (size_t b = 0; b < running_; ++b) {
    blocks_[b]->shared.next_epoch();
    for (Thread& t : blocks_[b]->threads) t.state = State::kReady;
  }
  return true;
}

std::string Scheduler::run(const Grid& grid, int64_t first, int64_t last) {
  grid_ = &grid;
  fault_.clear();
  running_ = static_cast<size_t>(last - first);
  while (blocks_.size() < running_) blocks_.push_back(std::make_unique<Block>());
  random_ = grid.seed * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(first) + 1;
  for (int64_t number = first; number < last; ++number) {
    begin(*blocks_[static_cast<size_t>(number - first)], number);
  }
  for (;;) {
    bool moved = false, done = true;
    for (size_t b = 0; b < running_ && fault_.empty(); ++b) {
      if (run_pass(*blocks_[b])) moved = true;
      if (blocks_[b]->exited < static_cast<int>(blocks_[b]->threads.size())) done = false;
    }
    if (fault_.empty() && done) return "";
    if (fault_.empty() && !moved && !release_grid()) fault_ = why_stuck();
    if (!fault_.empty()) break;
  }
  abandon();
  return std::move(fault_);
}

// After a fault: the stacks of those that will never go on.
void Scheduler::abandon() {
  current = nullptr;
  for (size_t b = 0; b < running_; ++b) {
    for (Thread& t : blocks_[b]->threads) {
      t.copies.clear();
      t.open_copies.clear();
      if (t.stack != nullptr) stacks_.give_back(std::exchange(t.stack, nullptr));
    }
  }
}

std::string Scheduler::why_stuck() const {
  const auto name = [](State state) {
    return state == State::kAtBarrier ? "__syncthreads()"
           : state == State::kAtWarp  ? "a warp's collective"
                                      : "the grid's barrier";
  };
  for (size_t b = 0; b < running_; ++b) {
    const Block& block = *blocks_[b];
    const Thread* waiting = nullptr;
    const Thread* other = nullptr;
    for (const Thread& t : block.threads) {
      if (t.state == State::kDone) continue;
      if (waiting == nullptr) waiting = &t;
      if (other == nullptr && (t.state != waiting->state || t.site != waiting->site)) other = &t;
    }
    if (waiting == nullptr) continue;
    std::ostringstream text;
    text << "cuda_on_cpu: " << waiting->site << ": " << name(waiting->state)
         << " is never complete: ";
    if (other != nullptr) {
      text << "thread " << waiting->number << " waits here, thread " << other->number << " at "
           << name(other->state) << " in " << other->site;
    } else {
      text << block.exited << " of " << block.threads.size() << " threads of the block have ended";
    }
    text << described(*waiting);
    return text.str();
  }
  return "cuda_on_cpu: the launch cannot end";
}

}  // namespace brasa::cuda::on_cpu
