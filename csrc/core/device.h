// Memory of its own in which the kernels of a table run: a GPU's. All functions but send() work in the order
// of their calls and of the kernels; those that return text return null, or one sentence that says what failed.
#pragma once

#include <cstdint>

namespace brasa {

struct Exec;

// What a queue is asked for happens in that order; between two there is none but what wait() makes.
enum class Queue { kKernels, kCopies };

struct Device {
  void* stream;                      // Exec::stream of every call
  void* (*allocate)(int64_t bytes);  // null where there is no room
  void (*release)(void* memory);
  // The host's side may change when they return: what goes in was read, what comes out was written.
  const char* (*copy_in)(void* device, const void* host, int64_t bytes);
  const char* (*copy_out)(void* host, const void* device, int64_t bytes);
  const char* (*finish)();  // waits for all that was asked for

  const char* name = "device";  // "cuda"
  int64_t (*room)() = nullptr;  // bytes that can still be allocated
  // Whether memory is the device's, whoever allocated it.
  bool (*holds)(const void* memory) = nullptr;

  // What kernels are asked for between the two is not run but becomes a graph, which replay() runs in one
  // call, with the same operands. Null where the device has none.
  const char* (*begin_capture)() = nullptr;
  const char* (*end_capture)(void** graph) = nullptr;
  const char* (*replay)(void* graph, const Exec&) = nullptr;
  void (*release_graph)(void* graph) = nullptr;
  // Whether a graph has all that an op does; null: of every op.
  bool (*captures)(const char* op) = nullptr;

  // Another library's stream: what is asked for here from now on comes after what it holds, and the
  // other way round. Null: all is done when a call returns.
  const char* (*wait_for)(void* stream) = nullptr;
  const char* (*let_wait)(void* stream) = nullptr;
  int dlpack_type = 0;  // DLDeviceType

  // copy_in() in the queue of copies, beside the kernels. mark() notes how far a queue is, in an event that it
  // makes where `*event` is null; what a queue is asked for after wait() comes after the last such note,
  // and at once where none was made. Null where a device has one queue.
  const char* (*send)(void* device, const void* host, int64_t bytes) = nullptr;
  const char* (*mark)(Queue queue, void** event) = nullptr;
  const char* (*wait)(Queue queue, void* event) = nullptr;
  void (*release_event)(void* event) = nullptr;
  // Before steps that are no graph, for a device that runs these at once: does what the kernels' queue holds.
  const char* (*catch_up)() = nullptr;
};

}  // namespace brasa
