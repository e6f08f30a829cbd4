// Whether work deserves a team of threads, which costs time itself. The bits of a result do not depend on it.
#pragma once

#include <cstdint>

namespace brasa {

// The nanoseconds that a team saves on one step of many, which takes one thread `nanoseconds`; below 0
// where it costs more.
double saved_by_team(double nanoseconds, int threads);

// `threads` for a single piece of work, or 1 where it is too small for them.
int team_for(double nanoseconds, int threads);

// The choice for work that is done again and again, by the clock. A guess would have to know whether
// the other threads are awake, whether they have a core of their own, and how far their caches are.
// Times are nanoseconds since any moment.
class TeamChoice {
 public:
  // `saved`: the sum of what a team should save on the steps. Much is never doubted.
  explicit TeamChoice(double saved = 0) : saved_(saved) {}

  // Whether the run that starts `now` takes the team.
  bool takes_team(double now);
  // That run has ended.
  void note_end(double now);

 private:
  struct Way {
    double mean = 0;  // 0: none of its runs has been timed
    void add(double nanoseconds);
  };

  void compare();

  double saved_;
  Way alone_, team_;
  double started_ = 0, ended_ = 0;
  bool has_run_ = false, prefers_team_ = true, in_team_ = false, counts_ = false;
  uint32_t runs_ = 0;  // without a pause before
};

}  // namespace brasa
