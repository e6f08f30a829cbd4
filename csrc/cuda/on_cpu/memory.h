// Shared and global memory as kernels see them: every access is checked.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cuda/on_cpu/block.h"
#include "cuda/on_cpu/grid.h"

namespace brasa::cuda::on_cpu {

// An index that remembers where it was used: operator[] takes no second argument.
struct Index {
  int64_t value;
  Site site;
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  Index(T index, Site here = Site::here()) : value(static_cast<int64_t>(index)), site(here) {}
};

// What kernels do with `memory[i]`: read it, write it, add to it.
template <class T, class Memory>
class Ref {
 public:
  Ref(const Memory& memory, Index index) : memory_(memory), index_(index) {}
  operator T() const { return memory_.template read<T>(index_); }
  T operator=(T value) const {
    memory_.template write<T>(index_, value);
    return value;
  }
  T operator=(const Ref& other) const { return *this = static_cast<T>(other); }
  T operator+=(T value) const { return *this = static_cast<T>(*this) + value; }

 private:
  const Memory& memory_;
  Index index_;
};

template <class T>
class Shared {
 public:
  static_assert(sizeof(T) % 4 == 0, "races are looked for in units of four bytes");
  Shared(char* data, int64_t count) : data_(data), count_(count), thread_(current) {}

  Ref<T, Shared> operator[](Index index) const { return {*this, index}; }
  float4 load4(int64_t index, Site site = Site::here()) const {
    return read<float4>({index, aligned(index, site)});
  }
  void store4(int64_t index, float4 value, Site site = Site::here()) const {
    write<float4>({index, aligned(index, site)}, value);
  }
  // The part from `first` on.
  Shared from(int64_t first, Site site = Site::here()) const {
    if (first < 0 || first > count_) outside({first, site}, 0);
    return Shared(data_ + first * int64_t{sizeof(T)}, count_ - first);
  }

  template <class V>
  V read(Index index) const {
    const char* at = checked<V>(index);
    thread_->block->shared.on_read(at, int{sizeof(V)}, *thread_, index.site);
    V value;
    std::memcpy(&value, at, sizeof(V));
    return value;
  }
  template <class V>
  void write(Index index, V value) const {
    char* at = checked<V>(index);
    thread_->block->shared.on_write(at, int{sizeof(V)}, *thread_, index.site);
    std::memcpy(at, &value, sizeof(V));
  }
  template <class V>
  char* checked(Index index) const {
    constexpr int64_t length = sizeof(V) / sizeof(T);
    if (index.value < 0 || index.value + length > count_) outside(index, length);
    return data_ + index.value * int64_t{sizeof(T)};
  }
  const Thread& thread() const { return *thread_; }

 private:
  [[noreturn]] __attribute__((noinline, cold)) void outside(Index index, int64_t length) const {
    fault(index.site, "index ", index.value, length > 1 ? " and those after it" : "",
          " is outside the ", count_, " elements of shared memory");
  }
  Site aligned(int64_t index, Site site) const {
    if (reinterpret_cast<uintptr_t>(data_ + index * int64_t{sizeof(T)}) % 16 != 0) {
      fault(site, "16 bytes at once at index ", index, ", which is not at a multiple of 16 bytes");
    }
    return site;
  }

  char* data_;
  int64_t count_;
  Thread* thread_;
};

// The __shared__ array declared at `site`: one for the block.
char* static_array(int64_t bytes, Site site);

template <class T>
Shared<T> static_shared(int64_t count, Site site = Site::here()) {
  return {static_array(count * int64_t{sizeof(T)}, site), count};
}

template <class T>
Shared<T> dynamic_shared() {
  const SharedMemory& shared = current->block->shared;
  return {shared.data() + kStaticSharedBytes, shared.dynamic_bytes() / int64_t{sizeof(T)}};
}

// What a kernel writes to. Reading through it is not checked.
template <class T>
class Out {
 public:
  Out() = default;
  Out(T* pointer) : data(pointer) {}
  explicit operator bool() const { return data != nullptr; }

  Ref<T, Out> operator[](Index index) const { return {*this, index}; }
  void store4(int64_t index, float4 value, Site site = Site::here()) const {
    if (reinterpret_cast<uintptr_t>(data + index) % 16 != 0) {
      fault(site, "stores 16 bytes at an address that is no multiple of 16");
    }
    own(index, 4, site);
    std::memcpy(data + index, &value, sizeof(value));
  }
  Out operator+(int64_t offset) const { return Out(data + offset); }

  template <class V>
  V read(Index index) const {
    return data[index.value];
  }
  template <class V>
  void write(Index index, V value) const {
    own(index.value, 1, index.site);
    data[index.value] = value;
  }

  T* data = nullptr;

 private:
  void own(int64_t index, int64_t count, Site site) const {
    const Thread& t = *current;
    const Writer writer{t.block->number, t.number, t.block->shared.epoch()};
    Writer earlier{};
    for (int64_t i = index; i < index + count; ++i) {
      if (t.block->grid->owners->conflicts(data + i, writer, &earlier)) {
        fault(site, "writes a global element that thread ", earlier.thread, " of block ",
              earlier.block, " wrote in the same launch");
      }
    }
  }
};

inline float4 load4(const float* at, Site site = Site::here()) {
  if (reinterpret_cast<uintptr_t>(at) % 16 != 0) {
    fault(site, "loads 16 bytes from an address that is no multiple of 16");
  }
  float4 value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// cp.async of 4 or 16 bytes into element `index`: `valid` false writes zeros and reads nothing.
void copy_async(char* to, const void* from, int bytes, bool valid, Site site);
void commit_copies();
// Until at most `groups` of the committed groups are on their way.
void wait_for_copies(int groups);

}  // namespace brasa::cuda::on_cpu
