#include "core/team_choice.h"

#include <algorithm>
#include <cmath>

namespace brasa {
namespace {

// What one round of a meeting takes, with the way of the data from cache to cache: 300 ns on a quiet
// machine, where thresholds of 300 and of 1000 ns for a step are equally good.
constexpr double kMeeting = 500;
// To wake threads that have gone to sleep takes some 60 us.
constexpr double kWaking = 60000;
// Below so much, a single call is done as fast by the thread that makes it.
constexpr double kSingle = 35000;
// Threads that have just worked stay awake for some milliseconds. After a longer pause a small plan is
// run alone, as fast as ever, and tells nothing about either way: its data have left the caches.
constexpr double kPause = 500000;
// The first kTrial of kCycle runs go the way that is slower as far as is known. So it costs a hundredth,
// and the choice follows within milliseconds when another process takes a core, or leaves it.
constexpr uint32_t kTrial = 8, kCycle = 512;

}  // namespace

double saved_by_team(double nanoseconds, int threads) {
  if (threads <= 1) return 0;
  const double rounds = std::ceil(std::log2(static_cast<double>(threads)));
  return nanoseconds - nanoseconds / threads - kMeeting * rounds;
}

int team_for(double nanoseconds, int threads) { return nanoseconds < kSingle ? 1 : threads; }

// The mean of about the last eight. A run that was interrupted counts as twice the mean, and no more.
void TeamChoice::Way::add(double nanoseconds) {
  mean = mean == 0 ? nanoseconds : mean + (std::min(nanoseconds, 2 * mean) - mean) / 8;
}

void TeamChoice::compare() {
  if (alone_.mean > 0 && team_.mean > 0) prefers_team_ = team_.mean < alone_.mean;
}

bool TeamChoice::takes_team(double now) {
  started_ = now;
  if (saved_ <= 0 || saved_ >= kWaking) return in_team_ = saved_ > 0;
  counts_ = has_run_ && now - ended_ < kPause;
  if (!counts_) return in_team_ = false;
  const uint32_t turn = runs_++ % kCycle;
  if (turn == 0) (prefers_team_ ? alone_ : team_) = Way();
  if (turn >= 2 * kTrial) compare();
  const bool before = in_team_;
  in_team_ = turn < kTrial ? !prefers_team_ : prefers_team_;
  counts_ = in_team_ == before;  // else the threads have to be woken, or the data to come back
  return in_team_;
}

void TeamChoice::note_end(double now) {
  if (counts_) (in_team_ ? team_ : alone_).add(now - started_);
  has_run_ = true;
  ended_ = now;
}

}  // namespace brasa
