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
namespace avx512 {
extern const OpTable table;
}
#endif

namespace {

struct List {
  const OpTable* tables[3];
  int count = 0;

  void add(bool runs_here, const OpTable& table) {
    if (runs_here) tables[count++] = &table;
  }
};

List supported() {
  List list;
#if defined(__x86_64__)
  const CpuFeatures& cpu = cpu_features();
#if defined(BRASA_EMULATE_WIDE)
  // Compiled from AVX2 instructions, to be tested.
  const bool wide = cpu.avx2;
#else
  const bool wide = cpu.avx512;
#endif
  list.add(wide, avx512::table);
  list.add(cpu.avx2, avx2::table);
#endif
  list.add(true, generic::table);
  return list;
}

}  // namespace

const OpTable* const* tables(int* count) {
  static const List list = supported();
  *count = list.count;
  return list.tables;
}

}  // namespace brasa::cpu
