// Runs of a plan on a device: what is the host's is copied there, the steps become graphs.
#include <algorithm>

#include "core/error.h"
#include "plan/plan.h"

namespace brasa {
namespace {

bool is_of_host(const Binding& segment) { return !segment.on_device && segment.memory != nullptr; }

}  // namespace

void Plan::run_on_device(const std::vector<Binding>& segments) {
  const std::lock_guard<std::mutex> alone(device_lock());
  const bool beside = runs_beside(segments);
  Bank& bank = banks_[beside ? next_bank_ : 0];
  note_addresses(segments);
  const std::vector<void*> there = fill(bank, segments, beside);
  run_there(bank, there);
  if (beside) {
    bank.read.mark(*table_.device, Queue::kKernels);
    next_bank_ = 1 - next_bank_;
  }
  copy_back(segments, there);
}

// Whether the next run may copy while this one runs. What comes back to the host is waited for.
bool Plan::runs_beside(const std::vector<Binding>& segments) const {
  if (table_.device->send == nullptr) return false;
  bool copies = false;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!is_of_host(segments[i])) continue;
    if (segment_written_[i]) return false;
    copies = copies || segment_needed_[i];
  }
  return copies;
}

void* Plan::place_of(Bank& bank, size_t segment) {
  DeviceBlock& place = bank.places[segment];
  if (place.data() == nullptr) place = DeviceBlock(*table_.device, segment_bytes_[segment]);
  return place.data();
}

// The addresses on the device, once what is needed of the host's is there.
std::vector<void*> Plan::fill(Bank& bank, const std::vector<Binding>& segments, bool beside) {
  const Device& device = *table_.device;
  const auto copy = beside ? device.send : device.copy_in;
  if (beside) bank.read.have_wait(Queue::kCopies);
  std::vector<void*> there;
  for (size_t i = 0; i < segments.size(); ++i) {
    there.push_back(segments[i].memory);
    if (!is_of_host(segments[i]) || segment_bytes_[i] == 0) continue;
    there[i] = place_of(bank, i);
    if (!segment_needed_[i]) continue;
    check_device(copy(there[i], segments[i].memory, segment_bytes_[i]));
  }
  if (beside) {
    bank.filled.mark(device, Queue::kCopies);
    bank.filled.have_wait(Queue::kKernels);
  }
  return there;
}

void Plan::copy_back(const std::vector<Binding>& segments, const std::vector<void*>& there) {
  bool copied = false;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!is_of_host(segments[i]) || !segment_written_[i]) continue;
    check_device(table_.device->copy_out(segments[i].memory, there[i], segment_bytes_[i]));
    copied = true;
  }
  if (copied) check_device(table_.device->finish());
}

void Plan::reserve(const std::vector<bool>& of_host) {
  require(of_host.size() == segment_bytes_.size(), "plan: has ", segment_bytes_.size(),
          " segments, got ", of_host.size());
  if (table_.device == nullptr) return;
  std::vector<Binding> segments;
  for (const bool host : of_host) segments.emplace_back(this, !host);
  const size_t banks = runs_beside(segments) ? 2 : 1;
  const std::lock_guard<std::mutex> lock(running_);
  for (size_t bank = 0; bank < banks; ++bank) {
    for (size_t i = 0; i < of_host.size(); ++i) {
      if (of_host[i]) (void)place_of(banks_[bank], i);
    }
  }
}

int64_t Plan::staged_bytes() const {
  int64_t bytes = 0;
  for (const Bank& bank : banks_) {
    for (size_t i = 0; i < bank.places.size(); ++i) {
      if (bank.places[i].data() != nullptr) bytes += segment_bytes_[i];
    }
  }
  return bytes;
}

// The first run with some addresses is an ordinary one: it loads the kernels, and many are never repeated.
void Plan::note_addresses(const std::vector<Binding>& segments) {
  std::vector<void*> given;
  for (const Binding& segment : segments) {
    given.push_back(segment.on_device ? segment.memory : nullptr);
  }
  if (given == given_) return;
  given_ = std::move(given);
  for (Bank& bank : banks_) bank.graph = DeviceGraph();
  ran_ = false;
}

// Nothing has been run when a capture fails: the steps then run as without graphs, from now on.
void Plan::capture(Bank& bank) {
  const Device& device = *table_.device;
  try {
    check_device(device.begin_capture());
    try {
      run_as_team(1);
    } catch (...) {
      void* graph = nullptr;
      (void)device.end_capture(&graph);
      const DeviceGraph released(device, graph);
      throw;
    }
    end_capture(bank);
  } catch (const Error& error) {
    capture_failure_ = error.what();
    can_capture_ = false;
  }
}

void Plan::end_capture(Bank& bank) {
  void* graph = nullptr;
  check_device(table_.device->end_capture(&graph));
  bank.graph = DeviceGraph(*table_.device, graph);
  ++captures_;
}

void Plan::run_there(Bank& bank, const std::vector<void*>& segments) {
  const bool whole = begin_ == constant_steps_ && end_ == steps_.size();
  const bool as_graph = can_capture_ && ran_ && whole && !timed_;
  replaying_ = nullptr;
  if (!as_graph || !bank.graph) bind(segments);
  if (as_graph && !bank.graph) capture(bank);
  replaying_ = as_graph ? bank.graph.get() : nullptr;
  if (replaying_ != nullptr) {
    ++replays_;
  } else if (table_.device->catch_up != nullptr) {
    check_device(table_.device->catch_up());
  }
  run_as_team(1);
  ran_ = ran_ || whole;
}

}  // namespace brasa
