#include "plan/plan.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "core/parallel.h"

namespace brasa {
namespace {

double nanoseconds_now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(time).count();
}

std::vector<TensorSpec> specs_of(const std::vector<BufferRef>& refs) {
  std::vector<TensorSpec> specs;
  for (const BufferRef& ref : refs) specs.push_back(ref.spec);
  return specs;
}

}  // namespace

Plan::Plan(const std::vector<StepSpec>& steps, int64_t arena_bytes,
           std::vector<int64_t> segment_bytes, const OpTable& table, int threads,
           int constant_steps)
    : table_(table),
      segment_bytes_(std::move(segment_bytes)),
      segment_written_(segment_bytes_.size()),
      segment_needed_(segment_bytes_.size()),
      segment_used_(segment_bytes_.size()),
      constant_steps_(static_cast<size_t>(constant_steps)),
      prepared_(constant_steps == 0) {
  require(constant_steps >= 0 && constant_steps_ <= steps.size(), "plan: ", constant_steps, " of ",
          steps.size(), " steps are said to be constant");
  for (const StepSpec& spec : steps) add_step(spec, arena_bytes, threads);
  if (table.device == nullptr) choose_threads(threads);
  checked_add(arena_bytes, kAlignment, "plan");
  scratch_offset_ = align_up(arena_bytes);
  const int64_t bytes = checked_add(scratch_offset_, scratch_bytes_, "plan");
  if (table.device != nullptr) {
    device_arena_ = DeviceBlock(*table.device, bytes);
    for (Bank& bank : banks_) bank.places.resize(segment_bytes_.size());
    const auto captured = [&](const Step& step) {
      return table.device->captures == nullptr || table.device->captures(step.op->name);
    };
    can_capture_ = table.device->begin_capture != nullptr &&
                   std::all_of(steps_.begin() + constant_steps, steps_.end(), captured);
  } else {
    arena_ = Arena(bytes);
  }
}

void Plan::add_step(const StepSpec& spec, int64_t buffer_bytes, int threads) {
  Step step;
  step.op = &find_op(spec.op);
  step.name = spec.name;
  const std::vector<TensorSpec> inputs = specs_of(spec.inputs);
  step.call = brasa::prepare(*step.op, spec.attributes, inputs, table_, threads);
  step.nanoseconds = serial_nanoseconds(step.call, inputs);
  step.inputs = spec.inputs.size();
  step.refs = spec.inputs;
  step.refs.insert(step.refs.end(), spec.outputs.begin(), spec.outputs.end());

  require(spec.outputs.size() == step.call.outputs.size(), "plan: step ", spec.name, " has ",
          spec.outputs.size(), " outputs, its op gives ", step.call.outputs.size());
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    const TensorSpec &got = spec.outputs[i].spec, &wanted = step.call.outputs[i];
    require(spec.outputs[i].segment == kNoSegment ||
                (got.shape == wanted.shape && got.dtype == wanted.dtype),
            "plan: step ", spec.name, ": output ", i, " is ", got.shape, ", its op gives ",
            wanted.shape);
  }
  step.bytes = 0;
  for (size_t i = 0; i < step.refs.size(); ++i) {
    const BufferRef& ref = step.refs[i];
    if (ref.segment == kNoSegment) continue;
    const int64_t bytes = ref.spec.bytes();
    require(ref.segment >= 0 && ref.segment <= static_cast<int>(segment_bytes_.size()),
            "plan: step ", spec.name, " names segment ", ref.segment);
    const int64_t room = ref.segment == kArenaSegment
                             ? buffer_bytes
                             : segment_bytes_[static_cast<size_t>(ref.segment - 1)];
    require(ref.offset >= 0 && bytes <= room && ref.offset <= room - bytes, "plan: step ",
            spec.name, " has an operand outside segment ", ref.segment);
    step.bytes += bytes;
    if (ref.segment != kArenaSegment) note_use(ref, i < step.inputs, step.op->in_place);
  }
  step.pointers.resize(step.refs.size());
  scratch_bytes_ = std::max(scratch_bytes_, align_up(step.call.workspace));
  steps_.push_back(std::move(step));
}

void Plan::choose_threads(int threads) {
  threads_ = threads;
  double saved = 0;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const double here = saved_by_team(steps_[i].nanoseconds, threads);
    steps_[i].threads = here > 0 ? threads : 1;
    if (here > 0 && i >= constant_steps_) saved += here;
  }
  choice_ = TeamChoice(saved);
}

// A segment that is first of all overwritten from end to end need not be copied to a device.
void Plan::note_use(const BufferRef& ref, bool is_input, bool in_place) {
  const size_t segment = static_cast<size_t>(ref.segment - 1);
  const bool overwrites = !is_input && !in_place && ref.spec.bytes() == segment_bytes_[segment];
  if (!segment_used_[segment]) segment_needed_[segment] = !overwrites;
  segment_used_[segment] = true;
  if (!is_input) segment_written_[segment] = true;
}

void Plan::bind(const std::vector<void*>& segments) {
  for (Step& step : steps_) {
    for (size_t i = 0; i < step.refs.size(); ++i) {
      const BufferRef& ref = step.refs[i];
      if (ref.segment == kNoSegment) continue;  // stays null
      char* base = ref.segment == kArenaSegment
                       ? base_of_arena()
                       : static_cast<char*>(segments[static_cast<size_t>(ref.segment - 1)]);
      step.pointers[i] = base + ref.offset;
    }
  }
}

// A step that wants one thread runs on thread 0 alone; the team meets only where the work passes from
// one set of threads to another.
void Plan::execute(int thread, int threads, Team* team) {
  Exec exec;
  exec.table = &table_;
  exec.thread = thread;
  exec.team = team;
  exec.scratch = base_of_arena() + scratch_offset_;
  if (table_.device != nullptr) exec.stream = table_.device->stream;
  if (replaying_ != nullptr) {
    if (const char* failed = table_.device->replay(replaying_, exec)) {
      brasa_team_fault(team, failed);
    }
    return;
  }
  bool alone = true;  // what came before was done by thread 0
  double started = timed_ ? nanoseconds_now() : 0;
  for (size_t i = begin_; i < end_; ++i) {
    Step& step = steps_[i];
    const bool serial = step.threads == 1 || threads == 1;
    exec.threads = threads;
    if (!serial || !alone) exec.barrier();
    exec.threads = serial ? 1 : threads;
    if (!serial || thread == 0) {
      step.op->run(exec, step.call, step.pointers.data(), step.pointers.data() + step.inputs);
    }
    // A device has one thread here.
    if (table_.device != nullptr && name_fault(team, step.name)) return;
    alone = serial;
    if (timed_) {
      if (table_.device != nullptr) table_.device->finish();
      exec.threads = threads;
      exec.barrier();
      if (thread == 0) {
        const double ended = nanoseconds_now();
        step.seconds = (ended - started) * 1e-9;
        started = ended;
      }
      exec.barrier();
    }
  }
}

void Plan::run_steps(const std::vector<Binding>& segments, size_t begin, size_t end, bool timed) {
  const std::lock_guard<std::mutex> lock(running_);
  require(segments.size() == segment_bytes_.size(), "plan: needs ", segment_bytes_.size(),
          " segments, got ", segments.size());
  prepared_ = prepared_ || begin == 0;
  require(prepared_, "plan: prepare() has to run first");
  begin_ = begin, end_ = end, timed_ = timed;
  if (table_.device != nullptr) return run_on_device(segments);
  std::vector<void*> addresses;
  for (const Binding& segment : segments) addresses.push_back(segment.memory);
  bind(addresses);
  if (timed || begin < constant_steps_) return run_as_team(threads_);
  run_as_team(choice_.takes_team(nanoseconds_now()) ? threads_ : 1);
  choice_.note_end(nanoseconds_now());
}

void Plan::run_as_team(int threads) {
  run_team(
      threads,
      [](void* self, int thread, int team_size, Team* team) {
        static_cast<Plan*>(self)->execute(thread, team_size, team);
      },
      this);
}

void Plan::run(const std::vector<Binding>& segments) {
  run_steps(segments, constant_steps_, steps_.size(), false);
}

void Plan::prepare(const std::vector<Binding>& segments) {
  if (constant_steps_ > 0) run_steps(segments, 0, constant_steps_, false);
}

void Plan::profile(const std::vector<Binding>& segments) {
  run_steps(segments, constant_steps_, steps_.size(), true);
}

std::vector<Plan::StepInfo> Plan::steps() const {
  std::vector<StepInfo> infos;
  for (const Step& step : steps_) {
    infos.push_back(
        {step.name, step.op->name, step.call.flops, step.bytes, step.threads, step.seconds});
  }
  return infos;
}

}  // namespace brasa
