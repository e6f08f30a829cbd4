#include "backends.h"

#include <atomic>
#include <cstdlib>

#include "core/device.h"
#include "core/error.h"
#include "cpu/table.h"
#include "cuda/table.h"
#include "ref/table.h"

namespace brasa {
namespace {

std::atomic<const OpTable*> forced{nullptr};
thread_local const OpTable* entered = nullptr;

const OpTable* table_named(const std::string& name) {
  for (const OpTable* table : available_tables()) {
    if (name == table->name) return table;
  }
  return nullptr;
}

std::string names_of_available() {
  std::string names;
  for (const OpTable* table : available_tables()) {
    names += (names.empty() ? "" : ", ") + std::string(table->name);
  }
  return names;
}

}  // namespace

const std::vector<const OpTable*>& available_tables() {
  static const std::vector<const OpTable*> tables = [] {
    int count = 0;
    const OpTable* const* first = cpu::tables(&count);
    std::vector<const OpTable*> list(first, first + count);
    if (const OpTable* device = cuda::device_table()) list.push_back(device);
    if (const OpTable* emulated = cuda::on_cpu_table(ref::table)) list.push_back(emulated);
    list.push_back(&ref::table);
    return list;
  }();
  return tables;
}

const OpTable* table_of_device(const std::string& name) {
  const OpTable* const emulated = cuda::emulated_device_table(ref::table);
  if (name == "cpu") return nullptr;
  if (name == "cuda_on_cpu" && emulated != nullptr) return emulated;
  require(name == "cuda", "there is no device '", name, "': the names are 'cpu' and 'cuda'");
  const OpTable* const table = cuda::device_table();
  if (table == nullptr) fail(ErrorKind::kRuntime, "there is no device 'cuda': ", cuda_reason());
  return table;
}

void enter_device(const std::string& name) { entered = table_of_device(name); }

std::string current_device() { return entered == nullptr ? "cpu" : entered->device->name; }

const OpTable& active_table() {
  if (entered != nullptr) return *entered;
  if (const OpTable* table = forced.load()) return *table;
  const char* wanted = std::getenv("BRASA_IMPL");
  if (wanted == nullptr || *wanted == '\0') {
    int count = 0;  // not available_tables(), which would wake the GPU
    return **cpu::tables(&count);
  }
  const OpTable* table = table_named(wanted);
  if (table == nullptr) {
    fail(ErrorKind::kRuntime, "BRASA_IMPL=", wanted, ": this build on this machine has ",
         names_of_available(), ".", std::string(wanted) == "cuda" ? " " + cuda_reason() : "");
  }
  return *table;
}

void force_table(const std::string& name) {
  const OpTable* table = name.empty() ? nullptr : table_named(name);
  require(name.empty() || table != nullptr, "there is no implementation '", name,
          "' here; available are ", names_of_available());
  forced.store(table);
}

std::string cuda_reason() { return cuda::absence_reason(); }

}  // namespace brasa
