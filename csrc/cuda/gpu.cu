// A GPU's memory, streams, copies and graphs.
#include "cuda/gpu.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/exec.h"
#include "core/ring.h"
#include "cuda/handle.h"

namespace brasa::cuda {

bool synchronous() {
  static const bool wanted = [] {
    const char* text = std::getenv("BRASA_SYNC");
    return text != nullptr && std::strcmp(text, "1") == 0;
  }();
  return wanted;
}

const char* say(const char* what, cudaError_t status) {
  static char sentence[512];
  std::snprintf(sentence, sizeof(sentence), "%s: %s", what, cudaGetErrorString(status));
  return sentence;
}

namespace {

const char* checked(const char* what, cudaError_t status) {
  return status == cudaSuccess ? nullptr : say(what, status);
}

cudaStream_t new_stream() {
  cudaStream_t created = nullptr;
  (void)cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking);
  return created;
}

// All kernels of the process, in one stream.
cudaStream_t stream() {
  static const cudaStream_t own = new_stream();
  return own;
}

// Copies that run beside the kernels.
cudaStream_t copies() {
  static const cudaStream_t own = new_stream();
  return own;
}

cudaStream_t stream_of(Queue queue) { return queue == Queue::kCopies ? copies() : stream(); }

// ---- memory -------------------------------------------------------------------------------

void* allocate(int64_t bytes) {
  void* memory = nullptr;
  if (cudaMalloc(&memory, static_cast<size_t>(bytes)) == cudaSuccess) return memory;
  (void)cudaGetLastError();  // no later call is to blame
  return nullptr;
}

void release(void* memory) { (void)cudaFree(memory); }

int64_t room() {
  size_t available = 0, total = 0;
  if (cudaMemGetInfo(&available, &total) != cudaSuccess) return 0;
  return static_cast<int64_t>(available);
}

bool holds(const void* memory) {
  cudaPointerAttributes attributes{};
  if (cudaPointerGetAttributes(&attributes, memory) != cudaSuccess) {
    (void)cudaGetLastError();
    return false;
  }
  int current = 0;
  return (attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged) &&
         cudaGetDevice(&current) == cudaSuccess && attributes.device == current;
}

// ---- copies -------------------------------------------------------------------------------

const char* checked_copy(cudaError_t status) {
  return checked("copying to the CUDA device failed", status);
}

// Pinned memory. 1 MiB keeps a copy at the full speed of the bus; the arguments of a step take one slot each.
// Kept until the process ends: then the driver may be gone before it could be released.
constexpr int kSlots = 16;
constexpr int64_t kSlotBytes = int64_t{1} << 20;

struct Slot {
  char* memory;
  cudaEvent_t copied;

  const char* make() {
    PinnedMemory pinned;
    Event event;
    cudaError_t status = cudaMallocHost(pinned.out(), static_cast<size_t>(kSlotBytes));
    if (status == cudaSuccess) {
      status = cudaEventCreateWithFlags(event.out(), cudaEventDisableTiming);
    }
    if (status == cudaSuccess) *this = {static_cast<char*>(pinned.let_go()), event.let_go()};
    return checked_copy(status);
  }

  const char* wait() { return checked_copy(cudaEventSynchronize(copied)); }

  const char* copy(Queue queue, char* to, int64_t bytes) {
    const cudaStream_t in = stream_of(queue);
    const cudaError_t status =
        cudaMemcpyAsync(to, memory, static_cast<size_t>(bytes), cudaMemcpyHostToDevice, in);
    return checked_copy(status == cudaSuccess ? cudaEventRecord(copied, in) : status);
  }
};

const char* send_in(Queue queue, void* device, const void* from, int64_t bytes) {
  static Ring<Slot, kSlots, kSlotBytes> ring;
  return ring.send(queue, static_cast<char*>(device), static_cast<const char*>(from), bytes);
}

const char* copy_in(void* device, const void* from, int64_t bytes) {
  return send_in(Queue::kKernels, device, from, bytes);
}

const char* send(void* device, const void* from, int64_t bytes) {
  return send_in(Queue::kCopies, device, from, bytes);
}

// To pageable memory: returns when it is done.
const char* copy_out(void* to, const void* device, int64_t bytes) {
  return checked(
      "copying from the CUDA device failed",
      cudaMemcpyAsync(to, device, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost, stream()));
}

const char* finish() { return checked("the CUDA device failed", cudaStreamSynchronize(stream())); }

// ---- the order of streams -----------------------------------------------------------------

constexpr const char* kUnordered = "two CUDA streams cannot be put in order";

const char* mark(Queue queue, void** event) {
  cudaError_t status = cudaSuccess;
  if (*event == nullptr) {
    Event made;
    status = cudaEventCreateWithFlags(made.out(), cudaEventDisableTiming);
    *event = made.let_go();
  }
  if (status == cudaSuccess) {
    status = cudaEventRecord(static_cast<cudaEvent_t>(*event), stream_of(queue));
  }
  return checked(kUnordered, status);
}

const char* wait(Queue queue, void* event) {
  return checked(kUnordered,
                 cudaStreamWaitEvent(stream_of(queue), static_cast<cudaEvent_t>(event), 0));
}

void release_event(void* event) { (void)cudaEventDestroy(static_cast<cudaEvent_t>(event)); }

// What `later` is asked for from now on comes after what `earlier` holds.
const char* put_in_order(cudaStream_t earlier, cudaStream_t later) {
  Event reached;
  cudaError_t status = cudaEventCreateWithFlags(reached.out(), cudaEventDisableTiming);
  if (status == cudaSuccess) status = cudaEventRecord(reached.get(), earlier);
  if (status == cudaSuccess) status = cudaStreamWaitEvent(later, reached.get(), 0);
  return checked(kUnordered, status);
}

const char* wait_for(void* other) {
  return put_in_order(static_cast<cudaStream_t>(other), stream());
}

const char* let_wait(void* other) {
  return put_in_order(stream(), static_cast<cudaStream_t>(other));
}

// ---- graphs -------------------------------------------------------------------------------

// ThreadLocal: other libraries' threads may allocate meanwhile.
const char* begin_capture() {
  return checked("a CUDA graph cannot be captured",
                 cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
}

const char* end_capture(void** graph) {
  GraphTemplate captured;
  Graph made;
  cudaError_t status = cudaStreamEndCapture(stream(), captured.out());
  if (status == cudaSuccess) status = cudaGraphInstantiate(made.out(), captured.get(), 0);
  if (status != cudaSuccess) {
    (void)cudaGetLastError();
    return say("a CUDA graph cannot be captured", status);
  }
  *graph = made.let_go();
  return nullptr;
}

const char* replay(void* graph, const Exec& exec) {
  return checked("a CUDA graph failed", cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph),
                                                        static_cast<cudaStream_t>(exec.stream)));
}

void release_graph(void* graph) { (void)cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)); }

bool without_graphs() {
  const char* text = std::getenv("BRASA_CUDA_GRAPHS");
  return synchronous() || (text != nullptr && std::strcmp(text, "0") == 0);
}

}  // namespace

Device gpu_device() {
  Device d{stream(), allocate, release, copy_in, copy_out, finish};
  d.name = "cuda";
  d.room = room;
  d.holds = holds;
  if (!without_graphs()) {
    d.begin_capture = begin_capture;
    d.end_capture = end_capture;
    d.replay = replay;
    d.release_graph = release_graph;
  }
  if (!synchronous()) {
    d.send = send;
    d.mark = mark;
    d.wait = wait;
    d.release_event = release_event;
  }
  d.wait_for = wait_for;
  d.let_wait = let_wait;
  d.dlpack_type = 2;  // kDLCUDA
  return d;
}

}  // namespace brasa::cuda
