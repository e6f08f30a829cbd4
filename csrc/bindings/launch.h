// One op on operands that are bound: here, or in a device's memory.
#pragma once

#include <vector>

#include "bindings/convert.h"
#include "ops/registry.h"

namespace brasa {

// What a call reads or writes, in the order of the op's rules; null where an operand is left out.
struct Operands {
  std::vector<TensorSpec> specs;
  std::vector<void*> data;

  explicit Operands(size_t count) {
    specs.reserve(count);
    data.reserve(count);
  }
  void add(const TensorSpec& spec, void* address) {
    specs.push_back(spec);
    data.push_back(address);
  }
};

// A call with its operands bound.
struct Launch {
  const Op& op;
  const Call& call;
  const OpTable& table;
  char* scratch;
  Operands inputs, outputs;
};

// On the host, by as many of the threads as the work deserves.
void launch_here(Launch& work, int threads);

// In the memory of the table's device: what goes in from the host is copied there, what comes out to the
// host is copied back. `inputs` and `results` are the operands as Python has them.
void launch_on_device(Launch& work, const py::sequence& inputs, const py::tuple& results);

}  // namespace brasa
