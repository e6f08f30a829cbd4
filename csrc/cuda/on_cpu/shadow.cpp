#include "cuda/on_cpu/shadow.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "cuda/on_cpu/block.h"

namespace brasa::cuda::on_cpu {
namespace {

constexpr uint32_t kSignallingNaN = 0x7FA0DEADu;

uint32_t sync_of(const Thread& thread) {
  return thread.block->warps[static_cast<size_t>(thread.warp())].epoch;
}

bool same_warp(int a, int b) { return a / kWarpSize == b / kWarpSize; }

// Whether an access of `other`, made in this interval at `sync` of its warp, comes before `thread`'s.
bool ordered(int other, uint32_t sync, const Thread& thread) {
  if (other == thread.number) return true;
  return same_warp(other, thread.number) && sync < sync_of(thread);
}

}  // namespace

void SharedMemory::Free::operator()(void* memory) const { std::free(memory); }

// calloc: pages that no kernel touches cost nothing.
SharedMemory::SharedMemory()
    : data_(static_cast<char*>(std::aligned_alloc(256, (kSharedBytes + 255) / 256 * 256))),
      words_(static_cast<Word*>(std::calloc(kSharedBytes / 4, sizeof(Word)))) {
  if (!data_ || !words_) throw std::bad_alloc();
}

void SharedMemory::begin(int dynamic_bytes) {
  first_epoch_ = ++epoch_;
  dynamic_bytes_ = dynamic_bytes;
  poison(kStaticSharedBytes, dynamic_bytes);
}

void SharedMemory::poison(int offset, int bytes) {
  for (int at = offset; at < offset + bytes; at += 4) {
    std::memcpy(data_.get() + at, &kSignallingNaN, 4);
  }
}

void SharedMemory::on_read(const char* at, int bytes, const Thread& thread, Site site) {
  const uint32_t sync = sync_of(thread);
  for (int i = word_at(at), end = i + bytes / 4; i < end; ++i) {
    Word& word = words_.get()[i];
    if (word.write_epoch < first_epoch_) fault(site, "reads shared memory that nobody has written");
    if (word.pending) fault(site, "reads shared memory before its cp.async was waited for");
    if (word.write_epoch == epoch_ && !ordered(word.writer, word.write_sync, thread)) {
      fault(site, "race: reads shared memory that thread ", word.writer,
            " wrote since the last barrier");
    }
    if (word.read_epoch != epoch_) {
      word.many_lanes = word.many_warps = 0;
    } else if (word.reader != thread.number) {
      if (!same_warp(word.reader, thread.number)) word.many_warps = 1;
      word.many_lanes = word.read_sync == sync;
    }
    word.read_epoch = epoch_;
    word.read_sync = sync;
    word.reader = static_cast<uint16_t>(thread.number);
  }
}

void SharedMemory::on_write(const char* at, int bytes, const Thread& thread, Site site) {
  const uint32_t sync = sync_of(thread);
  for (int i = word_at(at), end = i + bytes / 4; i < end; ++i) {
    Word& word = words_.get()[i];
    const bool ours = word.write_epoch >= first_epoch_;
    if (ours && word.pending) fault(site, "writes shared memory that a cp.async is filling");
    word.pending = 0;
    if (word.write_epoch == epoch_ && !ordered(word.writer, word.write_sync, thread)) {
      fault(site, "race: writes shared memory that thread ", word.writer,
            " wrote since the last barrier");
    }
    if (word.read_epoch == epoch_) {
      const bool by_others = word.many_warps || (word.many_lanes && word.read_sync == sync);
      if (by_others || !ordered(word.reader, word.read_sync, thread)) {
        fault(site, "race: writes shared memory that thread ", word.reader,
              by_others ? " and others" : "", " read since the last barrier");
      }
    }
    word.write_epoch = epoch_;
    word.write_sync = sync;
    word.writer = static_cast<uint16_t>(thread.number);
  }
}

void SharedMemory::on_copy_issued(char* at, int bytes, const Thread& thread, Site site) {
  on_write(at, bytes, thread, site);
  poison(static_cast<int>(at - data_.get()), bytes);
  for (int i = 0; i < bytes / 4; ++i) words_.get()[word_at(at) + i].pending = 1;
}

void SharedMemory::on_copy_done(char* at, int bytes, const Thread& thread, Site site) {
  for (int i = 0; i < bytes / 4; ++i) words_.get()[word_at(at) + i].pending = 0;
  on_write(at, bytes, thread, site);
}

}  // namespace brasa::cuda::on_cpu
