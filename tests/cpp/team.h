// Runs a lambda as a team.
#pragma once

#include "core/parallel.h"

namespace brasa::test {

// run_team() for body(thread, threads, team).
template <class Body>
void team(int threads, const Body& body) {
  run_team(
      threads,
      [](void* context, int thread, int size, Team* own) {
        (*static_cast<const Body*>(context))(thread, size, own);
      },
      const_cast<Body*>(&body));
}

}  // namespace brasa::test
