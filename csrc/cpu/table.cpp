#include "cpu/table.h"

#include "core/cpu_features.h"

namespace brasa::cpu {

namespace generic {
extern const OpTable table;
}
#if defined(__x86_64__)
namespace avx2 {
extern const OpTable table;
}
#endif
#if defined(__x86_64__) && defined(BRASA_HAS_WIDE)
namespace avx512 {
extern const OpTable table;
}
#endif
#if defined(__aarch64__)
namespace neon {
extern const OpTable table;
}
#endif
#if defined(BRASA_HAS_TILES)
namespace amx {
extern const ReducedProducts products;
}
#if !defined(BRASA_EMULATE_WIDE)
namespace bf16 {
extern const ReducedProducts products;
}
#endif
#endif

const ReducedProducts* dot_products() {
#if defined(BRASA_HAS_TILES) && !defined(BRASA_EMULATE_WIDE)
  if (cpu_features().avx512_bf16) return &bf16::products;
#endif
  return nullptr;
}

namespace {

// The products of lower precision, or why there are none.
struct Reduced {
  const ReducedProducts* products = nullptr;
  const char* lacks = "kernels of that precision: it was built without AVX512-BF16 and AMX";
};

Reduced reduced() {
  Reduced found;
#if defined(BRASA_HAS_TILES)
#if defined(BRASA_EMULATE_WIDE)
  if (cpu_features().avx2) found.products = &amx::products;  // on emulated tiles, to be tested
#else
  found.lacks = "AVX512-BF16 and AMX";
  found.products = cpu_features().amx ? &amx::products : dot_products();
#endif
#endif
  return found;
}

class List {
 public:
  List();
  const OpTable* const* first() const { return pointers_; }
  int count() const { return count_; }

 private:
  void add(bool runs_here, const OpTable& table, const Reduced& reduced) {
    if (!runs_here) return;
    tables_[count_] = table;
    tables_[count_].reduced = reduced.products;
    tables_[count_].reduced_lacks = reduced.lacks;
    pointers_[count_] = &tables_[count_];
    ++count_;
  }

  OpTable tables_[3];
  const OpTable* pointers_[3];
  int count_ = 0;
};

List::List() {
  const Reduced tiles = reduced();
  const Reduced none = {nullptr,
                        tiles.products == nullptr ? tiles.lacks : "them: cpu.avx512 has them here"};
#if defined(__x86_64__)
  const CpuFeatures& cpu = cpu_features();
#if defined(BRASA_HAS_WIDE)
#if defined(BRASA_EMULATE_WIDE)
  // Compiled from AVX2 instructions, to be tested.
  const bool wide = cpu.avx2;
#else
  const bool wide = cpu.avx512;
#endif
  add(wide, avx512::table, tiles);
#endif
  add(cpu.avx2, avx2::table, none);
#endif
#if defined(__aarch64__)
  add(true, neon::table, none);  // a part of every AArch64
#endif
  add(true, generic::table, none);
}

}  // namespace

const OpTable* const* tables(int* count) {
  static const List list;
  *count = list.count();
  return list.first();
}

}  // namespace brasa::cpu
