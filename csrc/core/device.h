// Memory of its own in which the kernels of a table run: a GPU's. All functions work in the order of their
// calls and of the kernels; those that return text return null, or one sentence that says what failed.
#pragma once

#include <cstdint>

namespace brasa {

struct Device {
  void* stream;                      // Exec::stream of every call
  void* (*allocate)(int64_t bytes);  // null where there is no room
  void (*release)(void* memory);
  const char* (*copy_in)(void* device, const void* host, int64_t bytes);
  const char* (*copy_out)(void* host, const void* device, int64_t bytes);
  const char* (*finish)();  // waits for all that was asked for
};

}  // namespace brasa
