// Kernels launched by a team of threads on the emulated device, in every order of the device's threads.
#pragma once

#include <string>

#include "check.h"
#include "core/parallel.h"
#include "cuda/launch.h"
#include "cuda/on_cpu/grid.h"

namespace brasa::test {

using cuda::__shfl_up_sync;
using cuda::Launch;
using cuda::Out;
using cuda::on_cpu::Order;
using cuda::on_cpu::set_order;

template <class... Parameters, class... Arguments>
void run(int team, const Launch& how, void (*kernel)(Parameters...), Arguments... arguments) {
  const auto body = [&](const Exec& exec) { cuda::launch(exec, how, kernel, arguments...); };
  struct Context {
    const decltype(body)* call;
  } context{&body};
  run_team(
      team,
      [](void* opaque, int thread, int threads, Team* own) {
        (*static_cast<Context*>(opaque)->call)(Exec{nullptr, thread, threads, own, nullptr});
      },
      &context);
}

// check(threads of the team) in every order, then back to the rule.
template <class Check>
void in_every_order(const Check& check) {
  struct Named {
    Order order;
    uint64_t seed;
  };
  for (const Named named : {Named{Order::kAscending, 1}, Named{Order::kDescending, 1},
                            Named{Order::kShuffled, 1}, Named{Order::kShuffled, 77}}) {
    const Case name("order ", static_cast<int>(named.order), " seed ", named.seed);
    set_order(named.order, named.seed);
    check(1);
    check(2);
  }
  set_order(Order::kByTeam);
}

// The kernel must be found out in every order.
template <class... Arguments>
void check_found(const std::string& part, const Launch& how, Arguments... arguments) {
  in_every_order([&](int team) {
    CHECK_THROWS(ErrorKind::kRuntime, part.c_str(), run(team, how, arguments...));
  });
}

// y[i] = the sum of the threads' numbers up to i in its warp, which takes whole warps.
inline __global__ void scan_of_warp(Out<int> y) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  int sum = static_cast<int>(threadIdx.x);
  for (int by = 1; by < 32; by *= 2) {
    const int other = __shfl_up_sync(~0u, sum, static_cast<unsigned>(by));
    if (lane >= by) sum += other;
  }
  y[threadIdx.x] = sum;
}

}  // namespace brasa::test
