// The thread team. OpenMP is used in parallel.cpp and nowhere else.
#pragma once

#include <string>

#include "core/exec.h"

namespace brasa {

using TeamBody = void (*)(void* context, int thread, int threads, Team* team);

// Calls body(context, t, size, team) for t in [0, size) at once and returns when all are done; size is
// `threads`, or less where OpenMP grants less. Inside, denormals are flushed to zero and rounding is to
// nearest, whatever the caller had set; the caller's floating-point state is restored. The body must not
// throw; what it reported with brasa_team_fault() is thrown at the end.
void run_team(int threads, TeamBody body, void* context);

// Whether anything was reported to the team; says where, in front of it.
bool name_fault(Team* team, const std::string& where);

// The number of threads that plans and ops use: set_threads(), else BRASA_NUM_THREADS, else
// OMP_NUM_THREADS, else core_count().
int thread_count();
// Throws a ValueError below 1. 0 returns to the rule above.
void set_thread_count(int threads);
// The cores that this process may use: the smaller of the affinity mask and the cgroup's CPU quota.
int core_count();

}  // namespace brasa
