// How a team shares the work of a loop while it runs (work stealing, Blumofe and Leiserson 1999): a
// thread takes a quarter of what is left of its own part, from the front; when that is used up, half of
// what is left of somebody else's, from the back. So portions are long at first, and single pieces at the end.
#include "core/exec.h"
#include "core/team.h"

namespace brasa {
namespace {

// Of each end of a range. The 24 bits above are the loop's number; a thread is never so many loops ahead
// of another, since they meet at barriers.
constexpr int kBits = 20;
constexpr uint64_t kMask = (uint64_t{1} << kBits) - 1;
constexpr uint32_t kLoopMask = (uint32_t{1} << (64 - 2 * kBits)) - 1;

struct Left {
  uint32_t loop;
  Range range;

  explicit Left(uint64_t word)
      : loop(static_cast<uint32_t>(word >> (2 * kBits))),
        range{static_cast<int64_t>(word >> kBits & kMask), static_cast<int64_t>(word & kMask)} {}
  Left(uint32_t loop_, Range range_) : loop(loop_), range(range_) {}

  uint64_t word() const {
    return uint64_t{loop} << (2 * kBits) | static_cast<uint64_t>(range.begin) << kBits |
           static_cast<uint64_t>(range.end);
  }
  bool is_empty() const { return range.begin == range.end; }
  // Of the loop just before `next`, and all of it done.
  bool is_done_before(uint32_t next) const {
    return next == ((loop + 1) & kLoopMask) && is_empty();
  }
};

Range part_of(int64_t pieces, int threads, int thread) {
  return {pieces * thread / threads, pieces * (thread + 1) / threads};
}

// The end of the first quarter, and of at least one.
int64_t quarter(Range range) { return range.begin + (range.end - range.begin + 3) / 4; }

// Opens a loop for its owner, unless a helper was faster, and may have gone on to later loops.
void open(Share& share, uint32_t loop, Range part) {
  uint64_t before = share.left.load(std::memory_order_relaxed);
  if (!Left(before).is_done_before(loop)) return;
  share.left.compare_exchange_strong(before, Left(loop, part).word(), std::memory_order_acq_rel);
}

// From the front.
Range take_own(Share& share, uint32_t loop) {
  uint64_t word = share.left.load(std::memory_order_acquire);
  for (;;) {
    const Left left(word);
    if (left.loop != loop || left.is_empty()) return {0, 0};
    const int64_t middle = quarter(left.range);
    const Left rest(loop, {middle, left.range.end});
    if (share.left.compare_exchange_weak(word, rest.word(), std::memory_order_acq_rel)) {
      return {left.range.begin, middle};
    }
  }
}

// From the back; of a part whose owner is behind and has not opened it, too.
Range take_half(Share& share, uint32_t loop, Range part) {
  uint64_t word = share.left.load(std::memory_order_acquire);
  for (;;) {
    Left left(word);
    if (left.is_done_before(loop)) left = Left(loop, part);
    if (left.loop != loop || left.is_empty()) return {0, 0};
    const int64_t middle = left.range.begin + (left.range.end - left.range.begin) / 2;
    const Left rest(loop, {left.range.begin, middle});
    if (share.left.compare_exchange_weak(word, rest.word(), std::memory_order_acq_rel)) {
      return {middle, left.range.end};
    }
  }
}

// The thief takes a quarter; the rest becomes its own part, where others find it, unless a helper has
// opened the thief's next loop meanwhile: then it takes all.
Range keep(Share& own, uint32_t loop, Range stolen) {
  uint64_t before = own.left.load(std::memory_order_relaxed);
  if (Left(before).loop != loop) return stolen;
  const int64_t middle = quarter(stolen);
  const Left rest(loop, {middle, stolen.end});
  const bool kept =
      own.left.compare_exchange_strong(before, rest.word(), std::memory_order_acq_rel);
  return {stolen.begin, kept ? middle : stolen.end};
}

}  // namespace

extern "C" Range brasa_team_portion(Team* team, int thread, int threads, int64_t pieces,
                                    bool first) {
  Share& own = team->shares[static_cast<size_t>(thread)];
  if (first) {
    own.loop = (own.loop + 1) & kLoopMask;
    open(own, own.loop, part_of(pieces, threads, thread));
  }
  const Range mine = take_own(own, own.loop);
  if (mine.begin < mine.end) return mine;
  for (int i = 1; i < threads; ++i) {
    const int other = (thread + i) % threads;
    const Range some = take_half(team->shares[static_cast<size_t>(other)], own.loop,
                                 part_of(pieces, threads, other));
    if (some.begin < some.end) return keep(own, own.loop, some);
  }
  return {0, 0};
}

}  // namespace brasa
