// What the shim knows of a block while it runs: its threads, warps and shared memory.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "cuda/on_cpu/fiber.h"
#include "cuda/on_cpu/shadow.h"
#include "cuda/on_cpu/site.h"
#include "cuda/on_cpu/vector_types.h"

namespace brasa::cuda::on_cpu {

constexpr int kWarpSize = 32;

enum class State : uint8_t { kReady, kAtBarrier, kAtWarp, kAtGridBarrier, kDone };

// One cp.async that has been issued: nothing moves before somebody waits for it.
struct PendingCopy {
  char* to;
  const char* from;
  int bytes;
  bool valid;  // else zeros
  Site site;
};

struct Block;

struct Thread {
  Fiber fiber;
  Stack* stack = nullptr;
  Block* block = nullptr;
  uint3 index{};
  int number = 0;  // in the block
  State state = State::kReady;
  bool started = false;
  Site site{};                                   // of the rendezvous that it waits at
  std::vector<std::vector<PendingCopy>> copies;  // committed groups, the oldest first
  std::vector<PendingCopy> open_copies;          // not committed yet

  int lane() const { return number % kWarpSize; }
  int warp() const { return number / kWarpSize; }
};

enum class WarpOp : uint8_t { kSync, kShuffle, kUp, kDown, kXor, kBallot, kAny, kAll, kAdd };

struct Lane {
  WarpOp op;
  unsigned mask;
  uint64_t value, result;
  int argument, width;
};

struct Warp {
  Lane lanes[kWarpSize];
  unsigned waiting = 0, exited = 0;  // lanes that never existed count as exited
  uint32_t epoch = 0;                // counts its __syncwarp()
};

// A __shared__ array of the kernel: its place in the source is its name.
struct StaticArray {
  Site site;
  int offset, bytes;
};

struct Grid;

struct Block {
  const Grid* grid = nullptr;
  uint3 index{};
  int64_t number = 0;  // in the grid
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  SharedMemory shared;
  std::vector<StaticArray> arrays;
  int arrived = 0, exited = 0;
};

#if defined(__APPLE__)
extern thread_local Thread* current;
#else
// The address is fixed when the library is loaded: no call to find it.
extern thread_local __attribute__((tls_model("initial-exec"))) Thread* current;
#endif

// "softmax.cu:41"
std::ostream& operator<<(std::ostream& out, Site site);

// Ends the launch: its team throws the message.
void set_fault(Site site, const std::string& what);
[[noreturn]] void stop_after_fault();

template <class... Parts>
[[noreturn]] __attribute__((noinline, cold)) void fault(Site site, const Parts&... parts) {
  {
    // Its own scope: nothing that is on the stack when the thread stops is ever destroyed.
    std::ostringstream text;
    (text << ... << parts);
    set_fault(site, text.str());
  }
  stop_after_fault();
}

// The current thread waits in `state` until the scheduler finds it ready again.
void wait_as(State state, Site site);

}  // namespace brasa::cuda::on_cpu
