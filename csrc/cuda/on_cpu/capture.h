// Launches of a thread that captures a graph are kept instead of run, as in a stream that captures.
#pragma once

#include <functional>
#include <vector>

#include "core/exec.h"

namespace brasa::cuda::on_cpu {

using Graph = std::vector<std::function<void(const Exec&)>>;

// Whether this thread captures, and what its launches go into.
bool capturing();
void capture(std::function<void(const Exec&)> launch);

}  // namespace brasa::cuda::on_cpu
