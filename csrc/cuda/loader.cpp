// Linked instead of absent.cpp in builds with the CUDA module: finds it beside this library, once.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>

#include "cuda/plugin.h"
#include "cuda/table.h"

namespace brasa::cuda {
namespace {

constexpr const char* kFile = "_cuda.so";
constexpr const char* kReady =
    "CUDA can be used: model.to(\"cuda\"), model.compile(device=\"cuda\") or "
    "brasa.device(\"cuda\")";

char message[1024];

const char* say(const char* format, const char* detail) {
  std::snprintf(message, sizeof(message), format, detail);
  return message;
}

// Whether the path of kFile beside this library fits into `path`.
bool path_of_module(char* path, size_t bytes) {
  Dl_info own;
  if (dladdr(reinterpret_cast<const void*>(&path_of_module), &own) == 0) return false;
  const char* slash = std::strrchr(own.dli_fname, '/');
  const int folder = slash == nullptr ? 0 : static_cast<int>(slash - own.dli_fname) + 1;
  const int length = std::snprintf(path, bytes, "%s%.*s%s", slash == nullptr ? "./" : "", folder,
                                   own.dli_fname, kFile);
  return length > 0 && static_cast<size_t>(length) < bytes;
}

struct Module {
  const char* reason = nullptr;
  const OpTable* table = nullptr;
};

Module load() {
  static const PluginHost host = {brasa_team_fault};
  char path[4096];
  if (!path_of_module(path, sizeof(path)))
    return {"the path of brasa's CUDA module is too long", nullptr};
  void* const module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr)
    return {say("brasa's CUDA module cannot be loaded: %s", dlerror()), nullptr};
  const auto entry = reinterpret_cast<PluginEntry>(dlsym(module, kPluginEntry));
  const Plugin* const plugin = entry == nullptr ? nullptr : entry(&host);
  if (plugin == nullptr || plugin->abi != kPluginAbi ||
      plugin->table_bytes != static_cast<int64_t>(sizeof(OpTable))) {
    return {say("%s is of another version of brasa: install both again", path), nullptr};
  }
  const char* const reason = plugin->reason();
  return reason == nullptr ? Module{kReady, plugin->table()} : Module{reason, nullptr};
}

const Module& module_of_process() {
  static const Module module = load();
  return module;
}

}  // namespace

const char* absence_reason() { return module_of_process().reason; }
const OpTable* device_table() { return module_of_process().table; }

}  // namespace brasa::cuda
