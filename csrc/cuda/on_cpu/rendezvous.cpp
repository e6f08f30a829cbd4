#include "cuda/on_cpu/rendezvous.h"

#include "cuda/on_cpu/grid.h"

namespace brasa::cuda::on_cpu {
namespace {

const char* name_of(WarpOp op) {
  switch (op) {
    case WarpOp::kSync: return "__syncwarp";
    case WarpOp::kShuffle: return "__shfl_sync";
    case WarpOp::kUp: return "__shfl_up_sync";
    case WarpOp::kDown: return "__shfl_down_sync";
    case WarpOp::kXor: return "__shfl_xor_sync";
    case WarpOp::kBallot: return "__ballot_sync";
    case WarpOp::kAny: return "__any_sync";
    case WarpOp::kAll: return "__all_sync";
    case WarpOp::kAdd: return "__reduce_add_sync";
  }
  return "";
}

// The lane whose value `lane` gets from a shuffle.
int source_of(const Lane& l, int lane) {
  const int first = lane & ~(l.width - 1), last = first + l.width - 1;
  switch (l.op) {
    case WarpOp::kShuffle: return first + (l.argument & (l.width - 1));
    case WarpOp::kUp: return lane - l.argument < first ? lane : lane - l.argument;
    case WarpOp::kDown: return lane + l.argument > last ? lane : lane + l.argument;
    default: return (lane ^ l.argument) > last ? lane : lane ^ l.argument;
  }
}

void combine(Warp& warp, unsigned mask, Site site) {
  uint64_t any = 0, all = ~uint64_t{0}, sum = 0;
  unsigned ballot = 0;
  for (int lane = 0; lane < kWarpSize; ++lane) {
    if (!(mask >> lane & 1)) continue;
    const Lane& l = warp.lanes[lane];
    any |= l.value, all &= l.value ? ~uint64_t{0} : 0, sum += l.value;
    if (l.value) ballot |= 1u << lane;
  }
  for (int lane = 0; lane < kWarpSize; ++lane) {
    if (!(mask >> lane & 1)) continue;
    Lane& l = warp.lanes[lane];
    switch (l.op) {
      case WarpOp::kSync: break;
      case WarpOp::kBallot: l.result = ballot; break;
      case WarpOp::kAny: l.result = any != 0; break;
      case WarpOp::kAll: l.result = all != 0; break;
      case WarpOp::kAdd: l.result = sum; break;
      default: {
        const int source = source_of(l, lane);
        if (!(mask >> source & 1)) {
          fault(site, name_of(l.op), ": lane ", lane, " reads lane ", source,
                ", which the mask leaves out");
        }
        l.result = warp.lanes[source].value;
      }
    }
  }
}

}  // namespace

void block_barrier(Site site) {
  Thread& self = *current;
  Block& block = *self.block;
  if (++block.arrived < static_cast<int>(block.threads.size()))
    return wait_as(State::kAtBarrier, site);
  self.site = site;
  for (const Thread& t : block.threads) {
    if (t.site != site) {
      fault(site, "__syncthreads() is divergent: thread ", t.number, " waits at ", t.site);
    }
  }
  block.arrived = 0;
  block.shared.next_epoch();
  for (Thread& t : block.threads) t.state = State::kReady;
}

void grid_barrier(Site site) {
  if (!current->block->grid->cooperative) fault(site, "a grid barrier needs a cooperative launch");
  wait_as(State::kAtGridBarrier, site);
}

uint64_t warp_collective(WarpOp op, unsigned mask, uint64_t value, int argument, int width,
                         Site site) {
  Thread& self = *current;
  Warp& warp = self.block->warps[static_cast<size_t>(self.warp())];
  const int lane = self.lane();
  const size_t first = static_cast<size_t>(self.warp() * kWarpSize);
  if (!(mask >> lane & 1))
    fault(site, name_of(op), ": the mask leaves out the calling lane ", lane);
  if (width < 1 || width > kWarpSize || (width & (width - 1)) != 0) {
    fault(site, name_of(op), ": width ", width, " is no power of two up to 32");
  }
  if (warp.exited & mask) {
    fault(site, name_of(op), ": the mask names lane ", __builtin_ctz(warp.exited & mask),
          ", which has ended or never was");
  }
  // Of the lanes that the mask names, who came first stands for all: each later one was compared with it.
  const unsigned named = warp.waiting & mask;
  for (unsigned rest = (warp.waiting & ~mask) | (named & -named); rest != 0; rest &= rest - 1) {
    const int other = __builtin_ctz(rest);
    const Lane& l = warp.lanes[other];
    if (!(mask >> other & 1) && !(l.mask >> lane & 1)) continue;  // another group of lanes
    const Site place = self.block->threads[first + static_cast<size_t>(other)].site;
    if (l.op != op || l.mask != mask || l.width != width || place != site) {
      fault(site, name_of(op), " is divergent: lane ", other, " waits at ", name_of(l.op), " in ",
            place, l.mask != mask ? " with another mask" : "");
    }
  }
  warp.lanes[lane] = {op, mask, value, 0, argument, width};
  warp.waiting |= 1u << lane;
  if ((warp.waiting & mask) != mask) {
    wait_as(State::kAtWarp, site);
    return warp.lanes[lane].result;
  }
  combine(warp, mask, site);
  warp.waiting &= ~mask;
  // Orders the memory accesses of the whole warp only where the whole warp takes part.
  if (op == WarpOp::kSync && (mask | warp.exited) == ~0u) ++warp.epoch;
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    self.block->threads[first + static_cast<size_t>(__builtin_ctz(rest))].state = State::kReady;
  }
  return warp.lanes[lane].result;
}

}  // namespace brasa::cuda::on_cpu
