// When small plans take a team: by what their runs have taken, on a clock that the test turns.
#include "core/team_choice.h"

#include "check.h"

namespace brasa::test {
namespace {

constexpr double kMicro = 1000;
constexpr double kSmall = 20 * kMicro;  // saved: so little that the clock decides

// Runs that take so long alone and in a team, with so much time between them.
class Runs {
 public:
  explicit Runs(double saved) : choice_(saved) {}

  // The number of runs, of `count`, that took the team.
  int in_team(int count, double alone, double team, double pause = kMicro) {
    int teams = 0;
    for (int i = 0; i < count; ++i) {
      now_ += pause;
      const bool takes_team = choice_.takes_team(now_);
      now_ += takes_team ? team : alone;
      choice_.note_end(now_);
      teams += takes_team;
    }
    return teams;
  }

 private:
  TeamChoice choice_;
  double now_ = 0;
};

BRASA_TEST(a_team_saves_less_the_more_threads_have_to_meet) {
  CHECK_EQ(saved_by_team(1e6, 1), 0.0);
  CHECK(saved_by_team(100, 2) < 0);
  CHECK(saved_by_team(1e6, 2) < 500 * kMicro && saved_by_team(1e6, 2) > 490 * kMicro);
  CHECK(saved_by_team(1e6, 16) > saved_by_team(1e6, 2));
  CHECK(saved_by_team(2000, 64) < saved_by_team(2000, 2));
}

BRASA_TEST(a_team_is_taken_for_all_runs_or_none_where_the_guess_is_clear) {
  Runs none(0), all(1e6);
  CHECK_EQ(none.in_team(2000, 50 * kMicro, 10 * kMicro), 0);
  CHECK_EQ(all.in_team(2000, 10 * kMicro, 50 * kMicro), 2000);
  CHECK_EQ(all.in_team(10, 10 * kMicro, 50 * kMicro, 1e9), 10);
}

BRASA_TEST(a_small_plan_goes_the_faster_way) {
  Runs faster(kSmall), slower(kSmall);
  CHECK(faster.in_team(5120, 40 * kMicro, 30 * kMicro) > 0.97 * 5120);
  CHECK(slower.in_team(5120, 40 * kMicro, 50 * kMicro) < 0.03 * 5120);
}

BRASA_TEST(a_small_plan_changes_its_way_when_the_other_becomes_faster) {
  Runs runs(kSmall);
  runs.in_team(3000, 40 * kMicro, 30 * kMicro);
  CHECK(runs.in_team(5120, 40 * kMicro, 90 * kMicro) < 0.05 * 5120);
  CHECK(runs.in_team(5120, 40 * kMicro, 30 * kMicro) > 0.85 * 5120);
}

BRASA_TEST(a_small_plan_stays_on_its_way_through_interruptions) {
  Runs runs(kSmall);
  runs.in_team(1024, 40 * kMicro, 20 * kMicro);
  int teams = 0;
  for (int i = 0; i < 20; ++i) {
    teams += runs.in_team(1, 4000 * kMicro, 4000 * kMicro);
    teams += runs.in_team(99, 40 * kMicro, 20 * kMicro);
  }
  CHECK(teams > 0.97 * 2000);
}

BRASA_TEST(a_small_plan_wakes_nobody_after_a_pause) {
  Runs runs(kSmall);
  runs.in_team(3000, 40 * kMicro, 30 * kMicro);
  CHECK_EQ(runs.in_team(100, 40 * kMicro, 30 * kMicro, 1e6), 0);
  CHECK(runs.in_team(1024, 40 * kMicro, 30 * kMicro) > 1000);
}

}  // namespace
}  // namespace brasa::test
