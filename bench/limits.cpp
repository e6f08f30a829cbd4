// What this machine can do at best: float32 FMA from registers, and bytes moved per second from
// L2, L3 and DRAM. Prints one line of JSON. Usage: limits THREADS L2_BYTES L3_BYTES
// Built with -O3 -march=native -ffp-contract=fast (machine.py).
//
// Each figure is the best of several short measurements: a limit that a neighbour disturbed would
// flatter every share of it. Bandwidth counts bytes read and bytes written, each once.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace {

typedef float Float4 __attribute__((vector_size(16)));
typedef float Float8 __attribute__((vector_size(32)));
typedef float Float16 __attribute__((vector_size(64)));
#if defined(__AVX512F__)
using Widest = Float16;
#elif defined(__AVX__)
using Widest = Float8;
#else
using Widest = Float4;
#endif

constexpr double kSeconds = 0.04;  // of one measurement
constexpr int kTries = 5;
// FMA latency is 4 to 5 cycles at 2 a cycle: 10 independent chains keep both units busy. 12 and
// two operands fit the 16 registers of AVX2.
constexpr int kChains = 12;
constexpr int64_t kFmaSteps = 1000;

double now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// Runs work(thread) again and again on every thread at once; the sum of the threads' rates, where
// one call counts `units`.
double rate(int threads, double units, const std::function<void(int)>& work) {
  double best = 0;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    std::atomic<int> ready{0};
    std::vector<double> rates(threads);
    auto measure = [&](int thread) {
      work(thread);  // pages are there and caches are warm before the clock starts
      ++ready;
      while (ready.load() < threads) std::this_thread::yield();
      const double start = now();
      double elapsed = 0;
      int64_t calls = 0;
      do {
        work(thread);
        ++calls;
        elapsed = now() - start;
      } while (elapsed < kSeconds);
      rates[thread] = units * static_cast<double>(calls) / elapsed;
    };
    std::vector<std::thread> team;
    for (int thread = 1; thread < threads; ++thread) team.emplace_back(measure, thread);
    measure(0);
    for (std::thread& member : team) member.join();
    double sum = 0;
    for (double one : rates) sum += one;
    best = std::max(best, sum);
  }
  return best;
}

// The compiler must believe that each accumulator is read and changed: none is merged or removed.
#if defined(__x86_64__)
#define KEEP(x) asm volatile("" : "+v"(x))
#elif defined(__aarch64__)
#define KEEP(x) asm volatile("" : "+w"(x))
#else
#define KEEP(x) asm volatile("" : "+m"(x))
#endif

// kFmaSteps * kChains multiply-adds in registers.
template <class Vec>
void fma() {
  Vec sum[kChains] = {}, a = Vec{} + 0.999f, b = Vec{} + 1e-3f;
  KEEP(a);
  KEEP(b);
  for (int64_t step = 0; step < kFmaSteps; ++step) {
    for (Vec& one : sum) one = one * a + b;
    for (Vec& one : sum) KEEP(one);
  }
}

struct FmaKernel {
  const char* name;
  size_t bytes;  // of one vector
  void (*run)();
};

// Built with -march=native: these are all the widths that the machine has, the widest last.
constexpr FmaKernel kFmaKernels[] = {
#if defined(__AVX__)
    {"avx2", sizeof(Float8), fma<Float8>},
#if defined(__AVX512F__)
    {"avx512", sizeof(Float16), fma<Float16>},
#endif
#else
    {"128bit", sizeof(Float4), fma<Float4>},
#endif
};

// A buffer for one thread, on huge pages where the system gives them.
struct Buffer {
  explicit Buffer(size_t bytes)
      : floats(bytes / 64 * 16),
        data(static_cast<float*>(std::aligned_alloc(1 << 21, round(bytes)))) {
#if defined(__linux__)
    madvise(data.get(), round(bytes), MADV_HUGEPAGE);
#endif
    std::fill(data.get(), data.get() + floats, 1.0f);
  }
  static size_t round(size_t bytes) { return (bytes + (1 << 21) - 1) >> 21 << 21; }

  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  size_t floats;
  std::unique_ptr<float, Free> data;
};

void read(const Buffer& from) {
  constexpr size_t kSums = 8, kWidth = sizeof(Widest) / sizeof(float);
  const auto* x = reinterpret_cast<const Widest*>(from.data.get());
  Widest sum[kSums] = {};
  for (size_t i = 0; i + kSums <= from.floats / kWidth; i += kSums) {
    for (size_t j = 0; j < kSums; ++j) sum[j] += x[i + j];
  }
  for (Widest& one : sum) KEEP(one);
}

void copy(const Buffer& from, const Buffer& to) {
  const float* x = from.data.get();
  float* y = to.data.get();
  for (size_t i = 0; i < from.floats; ++i) y[i] = x[i];
  asm volatile("" : : "r"(y) : "memory");
}

// Stores past the caches: no line is read only to be overwritten.
void copy_streaming(const Buffer& from, const Buffer& to) {
#if defined(__x86_64__)
  for (size_t i = 0; i < from.floats; i += 4) {
    _mm_stream_ps(to.data.get() + i, _mm_load_ps(from.data.get() + i));
  }
  _mm_sfence();
#else
  copy(from, to);
#endif
}

struct Bandwidth {
  double read, copy, copy_streaming;
};

// `bytes` is what one thread touches in all.
Bandwidth bandwidth(int threads, size_t bytes, bool streaming) {
  std::vector<std::unique_ptr<Buffer>> from(threads), to(threads), whole(threads);
  for (int thread = 0; thread < threads; ++thread) {
    whole[thread] = std::make_unique<Buffer>(bytes);
    from[thread] = std::make_unique<Buffer>(bytes / 2);
    to[thread] = std::make_unique<Buffer>(bytes / 2);
  }
  const double units = static_cast<double>(whole[0]->floats * sizeof(float));
  Bandwidth result{};
  result.read = rate(threads, units, [&](int i) { read(*whole[i]); });
  result.copy = rate(threads, units, [&](int i) { copy(*from[i], *to[i]); });
  if (streaming) {
    result.copy_streaming = rate(threads, units, [&](int i) { copy_streaming(*from[i], *to[i]); });
  }
  return result;
}

void print_bandwidth(const char* name, const Bandwidth& b) {
  std::printf(", \"%s_read\": %.4g, \"%s_copy\": %.4g", name, b.read, name, b.copy);
  if (b.copy_streaming > 0) std::printf(", \"%s_copy_streaming\": %.4g", name, b.copy_streaming);
}

void print_limits(int threads, size_t l2_bytes, size_t l3_bytes) {
  std::printf("{\"threads\": %d", threads);
  for (const FmaKernel& kernel : kFmaKernels) {
    const double flops = 2.0 * kernel.bytes / sizeof(float) * kChains * kFmaSteps;
    const double best = rate(threads, flops, [&](int) { kernel.run(); });
    std::printf(", \"flops_%s\": %.4g", kernel.name, best);
  }
  print_bandwidth("l2", bandwidth(threads, l2_bytes / 2, false));
  print_bandwidth("l3", bandwidth(threads, std::max(l3_bytes / 2 / threads, 2 * l2_bytes), false));
  // Four times the last cache, but no more than 1 GiB in all.
  const size_t far = std::min<size_t>(4 * l3_bytes, size_t{1} << 30) / threads;
  print_bandwidth("dram", bandwidth(threads, std::max<size_t>(far, size_t{64} << 20), true));
  std::printf("}\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: limits THREADS L2_BYTES L3_BYTES\n");
    return 2;
  }
  const auto l2_bytes = static_cast<size_t>(std::atoll(argv[2]));
  const auto l3_bytes = static_cast<size_t>(std::atoll(argv[3]));
  print_limits(std::max(1, std::atoi(argv[1])), l2_bytes, l3_bytes);
}
